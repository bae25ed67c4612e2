/// What a row gives to the chat template beside its messages: `tools`, `documents` and the members
/// of `chat_template_kwargs`.
public enum TemplateVariables {
  /// The keys of a row that are read.
  public static let keys = ["tools", "documents", "chat_template_kwargs"]

  /// The variables of a row. `wrapsTools`: schemas may stand without `{"type": "function", …}`,
  /// which readers of ShareGPT put around them.
  public static func of(_ fields: Fields, wrapsTools: Bool) throws -> JSON.Members {
    var variables: JSON.Members = [:]
    if let further = fields["chat_template_kwargs"] {
      guard let members = further.object else {
        throw fields.fault("'chat_template_kwargs' must be an object, not \(further.kind)")
      }
      for key in ["messages", "tools", "add_generation_prompt"] where members[key] != nil {
        throw fields.fault("'chat_template_kwargs' must not hold '\(key)'")
      }
      variables = members
    }
    variables["tools"] = try ToolCalls.tools(fields, wrapping: wrapsTools)
    if let documents = try fields.list("documents", of: "objects"), !documents.isEmpty {
      guard documents.allSatisfy({ $0.object != nil }) else {
        throw fields.fault("'documents' must be a list of objects")
      }
      variables["documents"] = .array(documents)
    }
    for (key, value) in variables { try fields.checkNumbers(value, key) }
    return variables
  }
}
