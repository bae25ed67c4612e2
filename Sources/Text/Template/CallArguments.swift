/// Evaluated arguments of a call.
struct CallArguments {
  var positional: [TemplateValue] = []
  var named: [(name: String, value: TemplateValue)] = []

  /// The same without the first positional argument.
  var rest: CallArguments {
    CallArguments(positional: Array(positional.dropFirst()), named: named)
  }

  /// The arguments in the order of a function's parameters. They are written like `old new [count]`:
  /// in brackets those that may be left out, with an underline those that go by place only. Names
  /// that the function does not have, and too many or too few arguments, are errors.
  func bound(to parameters: String, of function: String) throws(TemplateError) -> BoundArguments {
    let words = parameters.split(separator: " ")
    let names = words.map { String($0.filter { $0 != "[" && $0 != "]" }) }
    guard positional.count <= names.count else {
      throw TemplateError(
        "'\(function)' takes \(names.isEmpty ? "no" : "at most \(names.count)") arguments, got "
          + "\(positional.count)")
    }
    var values = positional.map(Optional.some)
    values += [TemplateValue?](repeating: nil, count: names.count - positional.count)
    for (name, value) in named {
      guard let place = names.firstIndex(of: name), name.first != "_" else {
        throw TemplateError("'\(function)' has no argument '\(name)'")
      }
      guard values[place] == nil else {
        throw TemplateError("'\(function)' got its argument '\(name)' twice")
      }
      values[place] = value
    }
    for (word, value) in zip(words, values) where value == nil && word.first != "[" {
      throw TemplateError("'\(function)' lacks its argument '\(word.drop { $0 == "_" })'")
    }
    return BoundArguments(function: function, values: values)
  }
}

/// Arguments by the places of a function's parameters; nil where one was left out.
struct BoundArguments {
  let function: String
  let values: [TemplateValue?]

  subscript(place: Int) -> TemplateValue? { values[place] }

  /// Whether the argument is given and true.
  func isTrue(_ place: Int) -> Bool { values[place]?.isTrue ?? false }

  /// A string; nil where it was left out or is none.
  func text(_ place: Int) throws(TemplateError) -> String? {
    guard let value = values[place], !value.isNone else { return nil }
    guard let text = value.string else {
      throw TemplateError("'\(function)' asks for a string, not \(value.kind)")
    }
    return text
  }

  /// A string that must be there.
  func requiredText(_ place: Int) throws(TemplateError) -> String {
    guard let text = try text(place) else {
      throw TemplateError("'\(function)' asks for a string, not none")
    }
    return text
  }

  /// An integer; nil where it was left out or is none.
  func integer(_ place: Int) throws(TemplateError) -> Int? {
    guard let value = values[place], !value.isNone else { return nil }
    guard let integer = value.integer else {
      throw TemplateError("'\(function)' asks for an integer, not \(value.kind)")
    }
    return integer
  }

  /// A width, which is bounded so that a template cannot exhaust the memory.
  func width(_ place: Int, fallback: Int) throws(TemplateError) -> Int {
    let width = try integer(place) ?? fallback
    guard width < 1 << 20 else { throw TemplateError("'\(function)': \(width) is too wide") }
    return width
  }
}
