// Calls of macros, methods and the environment's own functions.

extension TemplateInterpreter {
  static let globals = [
    "range", "namespace", "dict", "raise_exception", "strftime_now", "cycler", "joiner", "lipsum",
    "self",
  ]

  func call(_ callee: TemplateValue, _ arguments: CallArguments) throws(TemplateError)
    -> TemplateValue
  {
    switch callee {
    case .macro(let macro): return .string(try call(macro, arguments))
    case .method(let receiver, let name): return try receiver.calling(name, arguments)
    case .function(.named(let name)): return try call(function: name, arguments)
    case .function(.joiner(let joiner)):
      defer { joiner.isUsed = true }
      return joiner.isUsed ? joiner.separator : .string("")
    case .loop(let state):
      let bound = try arguments.bound(to: "iterable", of: "loop")
      return .string(try recurse(state, bound[0] ?? .none))
    case .undefined(let reason): throw TemplateError("\(reason), so it cannot be called")
    default: throw TemplateError("\(callee.kind) cannot be called")
    }
  }

  private func call(function name: String, _ arguments: CallArguments)
    throws(TemplateError) -> TemplateValue
  {
    switch name {
    case "namespace":
      let namespace = TemplateNamespace()
      let mapping = try members(arguments, of: name)
      for (key, value) in zip(mapping.keys, mapping.values) {
        try namespace.set(try key.text(), value)
      }
      return .namespace(namespace)
    case "dict": return .mapping(try members(arguments, of: name))
    case "range": return .range(try range(arguments))
    case "cycler":
      guard !arguments.positional.isEmpty else { throw TemplateError("cycler asks for values") }
      return .function(.cycler(TemplateCycler(arguments.positional)))
    case "joiner":
      let bound = try arguments.bound(to: "[sep]", of: name)
      return .function(.joiner(TemplateJoiner(bound[0] ?? .string(", "))))
    // The blocks of a template that others extend: here it has none.
    case "self": throw TemplateError("'self' cannot be called")
    case "lipsum": throw TemplateError("'lipsum' writes random words, which a prompt may not hold")
    case "strftime_now":
      let format = try arguments.bound(to: "format", of: name).requiredText(0)
      return .string(now.formatted(format))
    default:
      let bound = try arguments.bound(to: "message", of: name)
      throw TemplateError(try bound[0]?.text() ?? "")
    }
  }

  private func members(_ arguments: CallArguments, of function: String) throws(TemplateError)
    -> TemplateMapping
  {
    var mapping = TemplateMapping()
    guard arguments.positional.count <= 1 else {
      throw TemplateError("'\(function)' takes one mapping, then named values")
    }
    switch arguments.positional.first {
    case nil: break
    case .mapping(let given)?:
      mapping = given
      mapping.message = nil
    case let pairs?:
      for pair in try pairs.iterated() {
        let halves = try pair.iterated()
        guard halves.count == 2 else {
          throw TemplateError("'\(function)' takes a mapping, or pairs of key and value")
        }
        mapping[try TemplateKey(halves[0]), as: halves[0]] = halves[1]
      }
    }
    for (name, value) in arguments.named { mapping[name] = value }
    return mapping
  }

  private func range(_ arguments: CallArguments) throws(TemplateError) -> TemplateRange {
    let bounds = arguments.positional.compactMap(\.integer)
    guard bounds.count == arguments.positional.count, (1...3).contains(bounds.count),
      arguments.named.isEmpty
    else { throw TemplateError("range asks for one to three integers") }
    return try TemplateRange(
      start: bounds.count == 1 ? 0 : bounds[0], stop: bounds.count == 1 ? bounds[0] : bounds[1],
      step: bounds.count == 3 ? bounds[2] : 1)
  }
}
