"""python3 -m unittest"""

import json
import subprocess
import sys
import unittest

from brevity import TARGET, brevity


class BrevityTest(unittest.TestCase):
    def scores(self, *texts):
        completions = [[{"role": "assistant", "content": text}] for text in texts]
        return brevity(prompts=["p"] * len(texts), completions=completions)

    def test_shorter_is_better(self):
        self.assertEqual(self.scores("a", "a" * TARGET, "a" * 2 * TARGET), [1, 1, 0.5])

    def test_an_empty_completion_is_abstained_from(self):
        self.assertEqual(self.scores("", " \n"), [None, None])

    def test_the_host_gets_a_line_for_a_line(self):
        batch = {"prompts": ["p", "p"], "completions": ["a", ""], "groups": [0, 0],
                 "tokens": [1, None], "truncated": [False, False], "references": [None, None]}
        outcome = subprocess.run(
            [sys.executable, "serve.py", "brevity.py:brevity"], input=json.dumps(batch) + "\n",
            stdout=subprocess.PIPE, universal_newlines=True, check=True)
        self.assertEqual(json.loads(outcome.stdout), {"scores": [1.0, None]})


if __name__ == "__main__":
    unittest.main()
