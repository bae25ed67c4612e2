import Testing

@testable import Instruct

/// What a row or a message may not say.
extension RowTests {
  @Test(arguments: [
    (#""content": "x", "wieght": 0"#, "unknown key 'wieght'; did you mean 'weight'?"),
    (#""content": "x", "toolcalls": [1]"#, "unknown key 'toolcalls'; did you mean 'tool_calls'?"),
    (#""contnet": "x""#, "unknown key 'contnet'; did you mean 'content'?"),
    (
      #""content": "x", "timestamp": 3"#, "unknown key 'timestamp'; a message has 'role', 'content'"
    ),
    (#""content": "x", "weight": 0.5"#, "'weight' must be 0 or 1, not 0.5"),
    (#""content": "x", "weight": true"#, "'weight' must be 0 or 1, not a boolean"),
    (#""content": "x", "train": 1"#, "'train' must be true or false, not 1"),
    (#""content": "x", "weight": 0, "train": true"#, "'weight' and 'train' contradict each other"),
    (#""content": null"#, "'content' is missing; add it"),
    (#""content": {"text": "x"}"#, "'content' must be a string or a list of text parts"),
    (
      #""content": [{"type": "image_url", "image_url": {"url": "u"}}]"#,
      "a part of the type 'image_url' is not read"
    ),
    (#""content": [{"type": "text", "txt": "x"}]"#, "unknown key 'txt' of a text part"),
    (#""content": "x", "function_call": {"name": "f"}"#, "'function_call' is the older form of"),
    (#""content": "x", "tools": [1]"#, "'tools' belongs to the row"),
    (#""content": "x", "refusal": "no""#, "'refusal' is no text that a chat template writes"),
    (#""content": "x", "tool_calls": {"name": "f"}"#, "'tool_calls' must be a list of calls"),
    (#""content": "x", "tool_calls": [{"id": "1"}]"#, "'tool_calls[0]' does not name its function"),
    (
      #""content": "x", "tool_calls": [{"function": {"name": "f", "arguments": [1]}}]"#,
      "'tool_calls[0].function.arguments' must be an object"
    ),
    (
      #""content": "x", "tool_calls": [{"function": {"name": "f", "argumnets": {}}}]"#,
      "tool_calls[0].function: unknown key 'argumnets' of a call; did you mean 'arguments'?"
    ),
    (
      #""content": "x", "tool_calls": [{"name": "f", "signature": "s"}]"#,
      "tool_calls[0]: unknown key 'signature' of a call"
    ),
    (#""content": "x", "reasoning_content": ["r"]"#, "'reasoning_content' must be a string"),
    (
      #""content": "x", "reasoning_content": "r", "thinking": "s""#,
      "reasoning under two keys that differ"
    ),
    (#""content": "x", "value": "y""#, "'from' or 'value' and 'role' or 'content'"),
  ])
  func aMessagesKeyIsRefused(members: String, sentence: String) {
    let found = fault(Self.row(members))
    #expect(found.hasPrefix("rows:1, messages[1]"), "\(found)")
    #expect(found.contains(sentence), "\(found)")
  }

  @Test(arguments: [
    (#"{"role": "user", "content": "q", "train": true}"#, "asks to train the user turn"),
    (
      #"{"role": "user", "content": "q", "tool_calls": [{"name": "f"}]}"#,
      "belongs to an assistant's"
    ),
    (
      #"{"role": "asistant", "content": "q"}"#, "unknown role 'asistant'; did you mean 'assistant'?"
    ),
    (#"{"role": "function", "content": "q"}"#, "unknown role 'function'"),
    (#""q""#, "a message must be an object, this is a string"),
    (
      #"{"from": "function_call", "value": "f(1)"}"#,
      "the text must be a call as JSON: not valid JSON"
    ),
  ])
  func anotherMessageIsRefused(message: String, sentence: String) {
    let found = fault(#"{"messages": [\#(message), \#(Self.answer)]}"#)
    #expect(found.hasPrefix("rows:1, messages[0]") && found.contains(sentence), "\(found)")
  }

  @Test(arguments: [
    (#", "chosen": "a", "rejected": "b""#, "'chosen' says which answer is preferred"),
    (#", "label": true"#, "'label' says whether the answer is preferred"),
    (#", "kto_tag": false"#, "'kto_tag' says which answer is preferred"),
    (#", "images": ["a.png"]"#, "'images' holds media, but this task reads text only"),
    (#", "input_ids": [1, 2]"#, "'input_ids' holds tokens"),
    (#", "labels": [-100, 2]"#, "'labels' holds tokens"),
    (#", "thinking": "t""#, "'thinking' belongs to a message"),
    (#", "system_prompt": "s""#, "'system_prompt' is called 'system' here"),
    (#", "enable_thinking": false"#, "write it into 'chat_template_kwargs'"),
    (#", "chat_template": "{{ 1 }}""#, "'chat_template' would be another template"),
    (#", "weight": 0.5"#, "'weight' weighs the row"),
    (#", "functions": [{"name": "f"}]"#, "'functions' is the older form of 'tools'"),
    (#", "tool": [{"name": "f"}]"#, "unknown key 'tool'; did you mean 'tools'?"),
    (#", "Tools": [{"name": "f"}]"#, "unknown key 'Tools'; did you mean 'tools'?"),
    (#", "sytsem": "s""#, "unknown key 'sytsem'; did you mean 'system'?"),
    (#", "tools": [{"maximum": 18446744073709551615}]"#, "'tools' holds a number beyond 64 bits"),
    (#", "tools": {"name": "f"}"#, "'tools' must be a list of JSON schemas"),
    (#", "tools": "[{""#, "the text must be a list of schemas as JSON"),
    (#", "conversations": []"#, "the row has 'messages' and 'conversations' too; keep one"),
    (#", "history": [["q", "a"]]"#, "'history' belongs to rows of 'instruction' and 'output'"),
    (#", "documents": ["d"]"#, "'documents' must be a list of objects"),
    (#", "chat_template_kwargs": {"tools": []}"#, "'chat_template_kwargs' must not hold 'tools'"),
    (#", "id": 1, "metadata": {"id": 2}"#, "'id' stands in the row and in its 'metadata'"),
  ])
  func aRowsKeyIsRefused(more: String, sentence: String) {
    let found = fault(Self.row(#""content": "x""#, more))
    #expect(found.hasPrefix("rows:1: ") && found.contains(sentence), "\(found)")
  }

  @Test(arguments: [
    (#"{"mesages": []}"#, "did you mean 'messages' by 'mesages'?"),
    (
      #"{"prompt": "q", "chosen": "a", "rejected": "b"}"#, "'chosen' says which answer is preferred"
    ),
    (#"{"text": "all of it"}"#, "'text' is a text without turns"),
    (#"{"prompt": "q", "completion": "a", "label": false}"#, "'label' says whether"),
    (#"{"prompt": "q", "completion": []}"#, "'completion' must begin with an assistant's message"),
    (
      #"{"messages": [\#(question), {"role": "assistant", "content": "a", "weight": 0}]}"#,
      "no assistant turn of the row is trained"
    ),
    (
      #"{"messages": [\#(question), {"role": "assistant", "content": ""}]}"#,
      "no assistant turn with"
    ),
    (
      #"{"messages": [{"role": "system", "content": "s"}, \#(answer)], "system": "t"}"#,
      "the row has 'system' and a system turn too"
    ),
    (
      #"{"messages": [\#(question)], "messages": [\#(answer)]}"#,
      "the key \"messages\" stands twice"
    ),
  ])
  func aRowIsRefused(line: String, sentence: String) {
    let found = fault(line)
    #expect(found.hasPrefix("rows:1: ") && found.contains(sentence), "\(found)")
  }
}
