#!/usr/bin/env python3
"""Write what the original library makes of our templates and of small expressions.

usage: make_goldens.py [OUT_DIR]      (needs: pip install transformers==5.23.0 jinja2==3.1.6)

conversations.json  [{template, messages, tools, variables, add_generation_prompt, text | error, generated}]
                    `generated`: byte ranges of {% generation %} blocks
folders.json        [{files, tools, name, text | error}]: which of a model folder's templates is rendered
continued.json      [{template, messages, member, text | error}]: the last message left open
dates.json          [{date, format, text}]: what Python's strftime makes of every directive
expressions.json    [{source, text | error}], those of EXPRESSIONS, LAYOUTS and expressions.txt with the variables of CONTEXT
"""
import datetime
import json
import logging
import os
import sys
import tempfile
import jinja2
import tokenizers
import transformers
from transformers import PreTrainedTokenizerFast
from transformers.utils.chat_template_utils import render_jinja_template

logging.disable(logging.WARNING)
HERE = os.path.dirname(os.path.abspath(__file__))
OUT = sys.argv[1] if len(sys.argv) > 1 else HERE

CONTEXT = {
    "text": "  Straße, caf\u00e9 & \u4f60\u597d \U0001f389 ", "word": "alpha", "n": 7, "x": 2.5, "yes": True, "no": False,
    "nothing": None, "empty": [], "list": [3, 1, 2], "words": ["pear", "Apple", "fig", "apple"],
    "map": {"b": 1, "a": [1, 2, {"c": None}], "items": "shadow", "t": "it's \"q\"\n"},
    "people": [{"name": "Ada", "age": 36, "at": {"city": "Bath"}}, {"name": "Bo", "age": 7, "at": {}},
               {"name": "Cy", "age": 36}],
    "many": "a,b,,c", "lines": "one\ntwo\r\n\nthree", "deep": {"l": [[1, 2], [3]], "s": "\u2028\x7f\x01"},
}

EXPRESSIONS = r"""
{{ n }} {{ x }} {{ yes }} {{ nothing }} {{ list }} {{ map }} {{ missing }} {{ words[0] }} {{ deep }}
{{ 1 + 2 * 3 - 4 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 7.5 // 2 }} {{ -7.5 % 2 }}
{{ 1e16 }} {{ 1e-5 }} {{ 100000.0 }} {{ 1.0 }} {{ 123456789012345680.0 }} {{ 0.1 + 0.2 }} {{ 1_000 }}
{{ 'a' ~ 1 ~ none ~ 2.0 ~ missing }} {{ 'ab' * 3 }} {{ [1] * 2 + [2] }} {{ -n }} {{ +x }} {{ - n + 1 }}
{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 }} {{ 'a' < 'b' }} {{ 'Z' < 'a' }} {{ [1, 2] < [1, 3] }} {{ yes == 1 }} {{ none == false }}
{{ 'caf\u00e9' == 'cafe\u0301' }} {{ '\u00e9' | length }} {{ 'e\u0301' | length }} {{ '\r\n' | length }}
{{ 2 in list }} {{ 5 not in list }} {{ 'ph' in word }} {{ 'b' in map }} {{ 'z' in map }} {{ 'a' in missing }} {{ not n }} {{ not missing }}
{{ n if yes else x }} {{ n if no else x }} [{{ n if no }}] {{ 'a' if no else 'b' if no else 'c' }} {{ (1, 2) }} {{ (1,) }} {{ () }} {{ {'k': [1]} }}
{{ yes and n }} {{ no or 'd' }} {{ empty and 1 }} {{ '' or none }} {{ no and missing.x }} {{ not yes or yes }} {{ n is odd and yes }}
{{ list[-1] }} {{ list[0] }} [{{ list[9] }}] {{ list[::-1] }} {{ list[1:] }} {{ list[:-1] }} {{ list[-2:] }} {{ list[::2] }} {{ list[2:0:-1] }} {{ list[5:] }} {{ list[-9:9] }}
{{ word[1] }} {{ word[::-1] }} {{ word[:3] }} {{ text[-3:] }} {{ list[:none] }}
{{ map.b }} {{ map['b'] }} [{{ map.zz }}] {{ map['items'] }} {{ map.get('b') }} {{ map.get('zz') }} {{ map.get('zz', 5) }} {{ map.a[2].c }} {{ list.0 }}
{{ map.items() | list }} {{ map.keys() | list }} {{ map.values() | list }} {% for k, v in map.items() %}{{ k }}={{ v }};{% endfor %}
{{ text.strip() }}| {{ text.lstrip() }}| {{ text.rstrip() }}| {{ 'xxaxx'.strip('x') }} {{ '\n\na\n'.lstrip('\n') }} {{ 'abcba'.strip('ab') }} {{ text | trim }} {{ 'xax' | trim('x') }}
{{ many.split(',') }} {{ ' a  b '.split() }} {{ many.split(',', 1) }} {{ many.rsplit(',', 1) }} {{ 'a b c'.split(' ')[-1] }} {{ 'abc'.split('x') }} {{ ''.split(',') }} {{ ''.split() }} {{ 'a b  c d'.split(none, 2) }}
{{ word.startswith('al') }} {{ word.endswith('ha') }} {{ word.startswith(('x', 'al')) }} {{ word.upper() }} {{ 'STRA\u00dfE'.lower() }} {{ 'stra\u00dfe'.upper() }} {{ "they're bill's".title() }} {{ 'hELLO wORLD' | capitalize }} {{ 'hello world' | title }}
{{ word.replace('a', 'o') }} {{ word.replace('a', 'o', 1) }} {{ word | replace('a', '') }} {{ 'ab'.replace('', '-') }} {{ word.find('p') }} {{ word.find('z') }} {{ word.count('a') }} {{ word.rfind('a') }} {{ '\u4f60\u597da'.find('a') }}
{{ lines.splitlines() }} {{ 'a-b-c'.partition('-') }} {{ 'a-b-c'.rpartition('-') }} {{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('c') }} {{ '12'.isdigit() }} {{ '1a'.isdigit() }} {{ ', '.join(['a', 'b']) }} {{ 'ab'.isalpha() }} {{ ' '.isspace() }}
{{ map | tojson }} {{ deep | tojson }} {{ text | tojson }} {{ [1.0, 1e20, true, none, "<&'>"] | tojson }} {{ [] | tojson }} {{ {} | tojson }} {{ x | tojson }}
{{ map | tojson(indent=2) }} {{ deep | tojson(indent=4) }} {{ {'a': [], 'b': {}} | tojson(indent=2) }} {{ map | tojson(separators=(',', ':')) }} {{ map | tojson(sort_keys=true) }} {{ text | tojson(ensure_ascii=true) }} {{ [1, 2] | tojson(indent=0) }}
{{ list | length }} {{ word | length }} {{ map | length }} {{ missing | length }} {{ text | count }} {{ list | first }} {{ list | last }} [{{ empty | first }}] {{ word | first }} {{ word | list }} {{ list | reverse | list }} {{ word | reverse }}
{{ list | join }} {{ list | join('-') }} {{ people | join(', ', attribute='name') }} {{ words | sort }} {{ words | sort(reverse=true) }} {{ words | sort(case_sensitive=true) }} {{ list | sort | join }} {{ words | unique | list }} {{ people | sort(attribute='age') | map(attribute='name') | join }}
{{ people | map(attribute='name') | list }} {{ people | map(attribute='at.city', default='?') | list }} {{ words | map('upper') | join(' ') }} {{ list | map('string') | list }} {{ words | map('replace', 'p', 'P') | list }}
{{ people | selectattr('age', 'equalto', 36) | map(attribute='name') | list }} {{ people | rejectattr('age', 'eq', 36) | map(attribute='name') | list }} {{ people | selectattr('at') | list | length }} {{ list | select('odd') | list }} {{ list | reject('odd') | list }} {{ [0, 1, '', 'a'] | select | list }} {{ people | selectattr('at', 'defined') | list | length }} {{ people | selectattr('name', 'in', ['Bo']) | list | length }}
{{ missing | default('d') }} {{ nothing | default('d') }} {{ nothing | default('d', true) }} {{ '' | default('d', boolean=true) }} {{ n | d(1) }} [{{ missing | default }}] {{ map.zz | default(map.b) }}
{{ '42' | int }} {{ ' 7 ' | int }} {{ 'x' | int }} {{ 'x' | int(9) }} {{ 3.9 | int }} {{ '3.9' | int }} {{ 'ff' | int(base=16) }} {{ '2.5' | float }} {{ n | float }} {{ -3 | abs }} {{ 2.567 | round(2) }} {{ 2.5 | round }} {{ 2.1 | round(0, 'ceil') }} {{ n | string | length }}
{{ list | sum }} {{ people | sum(attribute='age') }} {{ list | min }} {{ list | max }} {{ words | max }} {{ map | dictsort | map('first') | list }} {{ {'B': 2, 'a': 3} | dictsort }} {{ {'B': 2, 'a': 3} | dictsort(by='value', reverse=true) }} {{ {'k': 1} | items | list }}
{{ lines | indent }} {{ 'a\n\nb' | indent(2, first=true) }} {{ 'a\n\nb' | indent(2, blank=true) }} {{ '<a>' | safe }} {{ "<a b='c'>&" | escape }} {{ word | upper }} {{ 'ABC' | lower }}
{{ n is defined }} {{ missing is defined }} {{ missing is undefined }} {{ nothing is none }} {{ nothing is not none }} {{ map.zz is defined }} {{ word is string }} {{ n is string }} {{ map is mapping }} {{ list is mapping }} {{ namespace() is mapping }}
{{ word is iterable }} {{ list is iterable }} {{ n is iterable }} {{ nothing is iterable }} {{ map is iterable }} {{ missing is iterable }} {{ word is sequence }} {{ list is sequence }} {{ map is sequence }} {{ n is sequence }} {{ range is callable }} {{ n is callable }}
{{ n is number }} {{ yes is number }} {{ n is integer }} {{ yes is integer }} {{ x is float }} {{ n is float }} {{ yes is boolean }} {{ n is boolean }} {{ yes is true }} {{ 1 is true }} {{ no is false }} {{ n is not false }} {{ n is odd }} {{ n is even }} {{ n is divisibleby 7 }} {{ n is divisibleby(2) }}
{{ n is equalto 7 }} {{ n is eq(8) }} {{ n is ne 8 }} {{ n is in [7] }} {{ n is not in [7] }} {{ n is lt 8 }} {{ n is ge 8 }} {{ word is lower }} {{ word is upper }} {{ 1 if n is defined else 2 }} {{ n is defined and n is odd or false }}
{{ range(3) | list }} {{ range(1, 7, 2) | list }} {{ range(3, 0, -1) | list }} {{ range(0) | list }} {{ dict(a=1, b='x') }} {{ dict({'k': 2}, j=3) | tojson }}
{% for i in list %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.depth }} {% endfor %}
{% for i in list if i > 1 %}{{ loop.index }}:{{ i }}/{{ loop.length }} {% endfor %}{% for i in empty %}x{% else %}none{% endfor %}{% for c in 'añ' %}[{{ c }}]{% endfor %}{% for k in map %}{{ k }}{% endfor %}
{% for i in range(9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}{% for a, b in [(1, 2), [3, 4]] %}{{ a }}-{{ b }} {% endfor %}{% for x in 1, 2 %}{{ x }}{% endfor %}
{% set v = 1 %}{% for i in list %}{% set v = v + i %}{{ v }} {% endfor %}{{ v }}{% if yes %}{% set v = 9 %}{% endif %}{{ v }}{% set ns = namespace(v=1) %}{% for i in list %}{% set ns.v = ns.v + i %}{% endfor %}{{ ns.v }}
{% set a, b = 1, 'two' %}{{ a }}{{ b }}{% set block %}x{{ a }}y{% endset %}{{ block }}{% set loud | upper %}abc{% endset %}{{ loud }}{% set t = (1, 2) %}{{ t[1] }}{% for i in list %}{{ loop.cycle('o', 'e') }}{% endfor %}
{% macro m(a, b='d', c=a) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }} {{ m(1, c=2) }} {{ m(a=5, b=6) }}{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }} {{ m(1) | length }}
{% macro w(t) %}<{{ t }}>{{ caller() }}</{{ t }}>{% endmacro %}{% call w('b') %}in {{ n }}{% endcall %}{% filter upper %}abc{{ word }}{% endfilter %}{% with q = 5, r = n %}{{ q }}{{ r }}{% endwith %}[{{ q }}]
{% macro late() %}{{ later }}{% endmacro %}{% set later = 'L' %}{{ late() }}{% for i in [1] %}{% macro inner() %}{{ i }}{% endmacro %}{{ inner() }}{% endfor %}
a {% if no %}1{% elif n == 7 %}2{% else %}3{% endif %} b {% raw %}{{ raw }} {% if %}{% endraw %} c {# comment #} d {#- x -#} e {{- n -}} f {%- if yes -%} g {%- endif -%} h
{{ 'a' 'b' "c" }} {{ "\x41\u00e9\t|\q\'" }} {{ 'it\'s' }} {{ {'a': {'b': '}}'}}['a']['b'] }} {{ [1, [2, [3]]] }} {{ '%}' }} {{ '{{' }}
{{ missing.x }}
{{ map.zz.y }}
{{ missing + 'a' }}
{{ 'a' + 1 }}
{{ nothing | length }}
{{ n() }}
{{ 1 / 0 }}
{{ missing | tojson }}
{{ raise_exception('stop here') }}
{{ map.update({'q': 1}) }}
{{ list.append(4) }}
{{ word | nosuch }}
{{ word is nosuch }}
{{ n < 'a' }}
{% for i in n %}{% endfor %}
{% if yes %}
{% endfor %}
{{ 'open }}
{{ 1 +
{% nosuch %}
{% set map.b = 2 %}
{% set a, b = [1] %}
{{ 5 in 'abc' }}
{{ (n }}
"""

LAYOUTS = [
    "a\n  {% if yes %}\n  b\n  {% endif %}\nc\n", "  {{ n }}  \n  {# c #}\n  {%- if yes %} x {% endif -%}  \n y\n\n",
    "  {%+ if yes %}x{% endif +%}\n  y\n", "a\r\nb\rc{% if yes %}\r\nd{% endif %}\r\n", "{% set a = 1 %}\n\n{{ a }}\n",
    "x {% if yes %}  {% if yes %}\n  z{% endif %}  {% endif %}\n", "{%- for i in list %}\n    {{- i }}\n{%- endfor %}\n\n",
    "\t{% for i in list -%}\n  {{ i }},\n\t{% endfor %}end", "{# a\n b #}\nc{{ n }}\n", "{% raw -%}\n  {{ a }}\n{%- endraw %}\nb",
    "a{{ n -}}\n\n b {{- n }}\n", "   {# only #}   \nnext", "{% if yes %}\n{% if yes %}\n  deep\n  {% endif %}\n{% endif %}\nlast\n\n",
]


def message(role, content, **more):
    return {"role": role, "content": content, **more}


def call(name, arguments):
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


def conversations():
    contents = ["Hello", "", "  padded \n", "\u4f60\u597d \U0001f389 e\u0301", "<b>&\"'\\\t", "{{ n }} {% if %}", "3.0\r\n"]
    for text in contents:
        yield [message("user", text), message("assistant", text)]
        yield [message("system", text), message("user", "q"), message("assistant", "<think>\n" + text + "\n</think>\n\nend"),
               message("user", text), message("assistant", "<think>\nnow\n</think>\n\n" + text)]
        yield [message("user", "q"), message("assistant", text, reasoning_content="since " + text)]
    yield [message("user", "q")]
    yield [message("system", "s"), message("user", "q")]
    yield [message("user", "q"), message("user", "r"), message("assistant", "a")]
    arguments = {"city": "K\u00f6ln", "days": 3, "x": 1.5, "deep": [1, {"a": None}], "none": {}}
    yield [message("user", "w?"), message("assistant", "", tool_calls=[call("weather", arguments)]),
           message("tool", "{\"rain\": true}"), message("assistant", "Rain."), message("user", "thanks")]
    yield [message("user", "w?", name=None, tool_calls=None), message("assistant", None, tool_calls=[call("weather", {"city": None})]),
           message("tool", "1", name=None), message("assistant", "a", tool_calls=None, reasoning_content=None, thinking="late")]
    yield [message("user", "q", reasoning="r", thinking=None), message("assistant", "a", thinking="t", reasoning_content="c")]
    yield [message("developer", [{"type": "text", "text": "Be "}, {"type": "text", "text": "brief"}]), message("user", [{"type": "text", "text": "x"}])]
    yield [message("user", "w?"), message("assistant", "See:", tool_calls=[call("a", {}), call("b", "{}")]),
           message("tool", "1"), message("tool", "2"), message("assistant", "3", thinking="sum")]


TOOLS = [{"type": "function", "function": {"name": "weather", "description": "Say <the> \"weather\" in \u00e9",
          "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": []}}}]


DOCUMENTS = [{"title": "stra\u00dfe", "text": "a text of more than twelve letters"}, {"title": "t", "text": ""}]


def render(source, messages, tools=None, add_generation_prompt=False, **variables):
    marks = "generation %}" in source
    # What apply_chat_template does before it renders.
    messages = [{key: value for key, value in message.items() if value is not None} for message in messages]
    try:
        texts, ranges = render_jinja_template(
            [messages], tools=tools, chat_template=source, add_generation_prompt=add_generation_prompt,
            return_assistant_tokens_mask=marks, **variables)
    except Exception as error:
        return {"error": type(error).__name__}
    result = {"text": texts[0]}
    if marks:
        result["generated"] = [[len(texts[0][:end].encode()) for end in pair] for pair in ranges[0]]
    return result


def main():
    rows = []
    for name in ["thinking_turns", "header_turns", "bracket_turns", "marked_turns", "called_turns"]:
        with open(os.path.join(HERE, name + ".jinja")) as file:
            source = file.read()
        for messages in conversations():
            for prompt, tools, more in [(False, None, {}), (True, None, {"enable_thinking": False}), (True, TOOLS, {"documents": DOCUMENTS})]:
                variables = {"bos_token": "<s>", "eos_token": "</s>", **more}
                rows.append({"template": name, "messages": messages, "tools": tools, "variables": variables,
                             "add_generation_prompt": prompt, **render(source, messages, tools, prompt, **variables)})
    write("conversations.json", {"rows": rows})
    with open(os.path.join(HERE, "expressions.txt")) as file:
        more = file.read()
    sources = [line for line in (EXPRESSIONS + more).split("\n") if line] + LAYOUTS
    write("expressions.json", {
        "versions": {"transformers": transformers.__version__, "jinja2": jinja2.__version__}, "context": CONTEXT,
        "rows": [{"source": source, **render(source, [], **CONTEXT)} for source in sources]})
    folders()
    continued()
    dates()


SAY = "{% for m in messages %}NAME {{ m.content }}{{ ' with tools' if tools }} {{ image_token }}{{ mask_token }}{% endfor %}"
LIST = [{"name": "default", "template": SAY.replace("NAME", "listed default")}, {"name": "tool_use", "template": SAY.replace("NAME", "listed tools")},
        {"name": "rag", "template": SAY.replace("NAME", "listed rag")}]
JINJA = {"chat_template.jinja": SAY.replace("NAME", "file")}
MORE = {"additional_chat_templates/tool_use.jinja": SAY.replace("NAME", "tool file"), "additional_chat_templates/rag.jinja": SAY.replace("NAME", "rag file")}


def config(template, **more):
    return {"tokenizer_config.json": json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": template, **more})}


LAYOUT_FOLDERS = [
    JINJA, config(SAY.replace("NAME", "config")), config(LIST), {**JINJA, **config(SAY.replace("NAME", "config"))}, {**JINJA, **config(LIST)},
    config(LIST[:1]), config(LIST[1:]), config(LIST[2:]), {**JINJA, **MORE}, MORE, {**MORE, **config(SAY.replace("NAME", "config"))},
    {**JINJA, "additional_chat_templates/default.jinja": SAY.replace("NAME", "other default")}, config(None), {},
    config(SAY.replace("NAME", "config"), image_token="<image>", mask_token={"__type": "AddedToken", "content": "<mask>", "lstrip": False}),
    config(SAY.replace("NAME", "config"), extra_special_tokens={"image_token": "<img>"}),
    {**config(SAY.replace("NAME", "config")), "special_tokens_map.json": json.dumps({"mask_token": {"content": "<m>", "lstrip": False, "normalized": False, "rstrip": False, "single_word": False}})},
]


def folders():
    rows = []
    messages = [message("user", "q")]
    for files in LAYOUT_FOLDERS:
        with tempfile.TemporaryDirectory() as folder:
            tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0, "<unk>": 1}, unk_token="<unk>")).save(folder + "/tokenizer.json")
            for name, text in files.items():
                os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
                with open(os.path.join(folder, name), "w") as file:
                    file.write(text)
            tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
            names = [None, "rag"] if isinstance(tokenizer.chat_template, dict) else [None]
            for tools, name in [(tools, name) for tools in [None, [], TOOLS] for name in names]:
                try:
                    result = {"text": tokenizer.apply_chat_template(messages, tools=tools, chat_template=name, tokenize=False)}
                    if name is not None and name not in tokenizer.chat_template:
                        result = {"error": "no such name"}
                except Exception as error:
                    result = {"error": type(error).__name__}
                rows.append({"files": files, "tools": tools, "name": name, **result})
    write("folders.json", {"rows": rows})


def continued():
    rows = []
    texts = ["So far", "trimmed \n", "", "<think>\nw\n</think>\n\nopen", "a"]
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0})))
    for name in ["thinking_turns", "header_turns", "bracket_turns", "marked_turns", "called_turns"]:
        with open(os.path.join(HERE, name + ".jinja")) as file:
            source = file.read()
        for text in texts:
            for member, last in [("content", message("assistant", text)), ("content", message("assistant", [{"type": "text", "text": text}])),
                                 ("reasoning_content", message("assistant", "x", thinking=text)), ("thinking", message("assistant", "x", thinking=text)),
                                 ("content", message("assistant", None)), ("nosuch", message("assistant", "x", nosuch=text))]:
                messages = [message("user", "a"), last]
                try:
                    result = {"text": tokenizer.apply_chat_template(
                        messages, chat_template=source, continue_final_message=member, tokenize=False, bos_token="<s>", eos_token="</s>")}
                except Exception as error:
                    result = {"error": type(error).__name__}
                rows.append({"template": name, "messages": messages, "member": member, **result})
    write("continued.json", {"rows": rows})


DATES = ["2026-11-30 09:05:07", "2024-02-29 00:00:00", "2023-01-01 12:00:00", "2000-12-31 23:59:59", "1999-03-07 13:30:00"]
FORMATS = ["%" + letter for letter in "aAbBcCdDeFgGhHIjklmMnpPrRStTuUVwWxXyYzZ%"] + [
    "%d %b %Y", "%B %-d, %Y", "%Y-%m-%d", "%-m/%-d/%y %_H:%M", "%^a %#Z|%05d|%%f %f", "day: %d\u00e9", "%Ey %Od", "", "%Y%", "%"]


def dates():
    rows = []
    for text in DATES:
        date = datetime.datetime.fromisoformat(text)
        rows += [{"date": text, "format": format, "text": date.strftime(format)} for format in FORMATS]
    write("dates.json", {"rows": rows})


def write(name, value):
    with open(os.path.join(OUT, name), "w") as file:
        file.write("{\n")
        for key, part in value.items():
            end = ",\n" if key != "rows" else "\n"
            if key != "rows":
                file.write(json.dumps(key) + ": " + json.dumps(part) + end)
        lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in value["rows"])
        file.write("\"rows\": [\n" + lines + "\n]}\n")


if __name__ == "__main__":
    main()
