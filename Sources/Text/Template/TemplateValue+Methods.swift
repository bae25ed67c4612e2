// Methods of mappings, lists, strings and loops.

extension TemplateValue {
  /// `self.name(arguments…)`
  func calling(_ name: String, _ arguments: CallArguments) throws(TemplateError) -> TemplateValue {
    switch self {
    case .string(let text): return try Self.stringMethod(text, name, arguments)
    case .markup(let text): return try Self.markupMethod(text, name, arguments)
    case .mapping(let mapping): return try Self.mappingMethod(mapping, name, arguments)
    case .loop(let loop):
      if name == "cycle" { return try loop.cycle(arguments.positional) }
      return .bool(loop.changed(arguments.positional))
    case .double(let value): return .bool(value.rounded() == value && value.isFinite)
    case .function(let function): return try function.calling(name, arguments)
    default:
      guard let elements else { throw TemplateError("\(kind) has no method '\(name)'") }
      return try Self.listMethod(elements, name, arguments)
    }
  }

  private static func mappingMethod(
    _ mapping: TemplateMapping, _ name: String, _ arguments: CallArguments
  ) throws(TemplateError) -> TemplateValue {
    switch name {
    case "get":
      let bound = try arguments.bound(to: "_key [_default]", of: name)
      guard let key = bound[0] else { return .none }
      return try mapping[TemplateKey(key)] ?? bound[1] ?? .none
    case "fromkeys": return try mapping.fromKeys(arguments)
    default:
      _ = try arguments.bound(to: "", of: name)
      return TemplateView.Part(rawValue: name).map {
        .view(TemplateView(part: $0, mapping: mapping))
      } ?? .mapping(mapping)
    }
  }

  private static func listMethod(
    _ elements: [TemplateValue], _ name: String, _ arguments: CallArguments
  ) throws(TemplateError) -> TemplateValue {
    if name == "copy" {
      _ = try arguments.bound(to: "", of: name)
      return .list(elements)
    }
    let parameters = name == "count" ? "_value" : "_value [_start] [_stop]"
    let bound = try arguments.bound(to: parameters, of: name)
    guard let item = bound[0] else { return .none }
    if name == "count" { return .int(elements.count { $0.equals(item) }) }
    let (start, stop) = (try bound.integer(1) ?? 0, try bound.integer(2) ?? elements.count)
    func place(_ bound: Int) -> Int {
      min(max(bound < 0 ? bound + elements.count : bound, 0), elements.count)
    }
    let range = place(start)..<max(place(start), place(stop))
    guard let index = range.first(where: { elements[$0].equals(item) }) else {
      throw TemplateError("\(try item.representation()) is not in the list")
    }
    return .int(index)
  }

  /// Methods of a marked string give marked strings; plain strings that come in are escaped.
  private static func markupMethod(
    _ text: String, _ name: String, _ arguments: CallArguments
  ) throws(TemplateError) -> TemplateValue {
    let escapes: Set<String> = [
      "replace", "ljust", "rjust", "center", "strip", "lstrip", "rstrip", "join",
    ]
    var arguments = arguments
    if escapes.contains(name) {
      for (place, value) in arguments.positional.enumerated() {
        arguments.positional[place] = try value.escapedStrings()
      }
    }
    let result = try stringMethod(text, name, arguments)
    switch result {
    case .string(let text): return .markup(text)
    case .list(let parts): return .list(parts.map { $0.string.map { .markup($0) } ?? $0 })
    case .tuple(let parts): return .tuple(parts.map { $0.string.map { .markup($0) } ?? $0 })
    default: return result
    }
  }

  private func escapedStrings() throws(TemplateError) -> TemplateValue {
    if case .string = self { return .string(escaped) }
    guard string == nil, let elements else { return self }
    return .list(
      try elements.map { (element) throws(TemplateError) in try element.escapedStrings() })
  }
}

extension TemplateMapping {
  /// `dict.fromkeys(keys, value)`
  fileprivate func fromKeys(_ arguments: CallArguments) throws(TemplateError) -> TemplateValue {
    let bound = try arguments.bound(to: "_keys [_value]", of: "fromkeys")
    var mapping = TemplateMapping()
    for key in try bound[0]?.iterated() ?? [] {
      mapping[try TemplateKey(key), as: key] = bound[1] ?? TemplateValue.none
    }
    return .mapping(mapping)
  }
}

extension TemplateFunction {
  fileprivate func calling(_ name: String, _ arguments: CallArguments)
    throws(TemplateError) -> TemplateValue
  {
    guard case .cycler(let cycler) = self else { return try TemplateMapping().fromKeys(arguments) }
    _ = try arguments.bound(to: "", of: name)
    let item = cycler.items[cycler.index]
    cycler.index = name == "next" ? (cycler.index + 1) % cycler.items.count : 0
    return name == "next" ? item : .none
  }
}
