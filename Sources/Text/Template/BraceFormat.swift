/// Python's `str.format`.
struct BraceFormat {
  private var scalars: ArraySlice<Unicode.Scalar>
  private var nextPlace: Int? = 0

  init(_ format: String) { scalars = Array(format.unicodeScalars)[...] }

  /// The format with its fields filled in.
  func text(_ arguments: CallArguments) throws(TemplateError) -> String {
    var reader = self
    return try reader.run(arguments)
  }

  private mutating func run(_ arguments: CallArguments) throws(TemplateError) -> String {
    var result = String.UnicodeScalarView()
    while let scalar = scalars.popFirst() {
      guard scalar == "{" || scalar == "}" else {
        result.append(scalar)
        continue
      }
      if scalars.first == scalar {
        scalars.removeFirst()
        result.append(scalar)
      } else if scalar == "{" {
        result += try field(arguments, depth: 0).unicodeScalars
      } else {
        throw TemplateError("format: a single '}' stands in the text")
      }
    }
    return String(result)
  }

  /// `name!conversion:specification}`
  private mutating func field(_ arguments: CallArguments, depth: Int) throws(TemplateError)
    -> String
  {
    guard depth < 2 else { throw TemplateError("format: fields are nested too deep") }
    let name = take(until: ["!", ":", "}"])
    let value = try self.value(name, arguments)
    var conversion: Unicode.Scalar?
    if scalars.first == "!" {
      scalars.removeFirst()
      conversion = scalars.popFirst()
    }
    var specification = String.UnicodeScalarView()
    if scalars.first == ":" {
      scalars.removeFirst()
      while let next = scalars.first, next != "}" {
        scalars.removeFirst()
        if next == "{" {
          specification += try field(arguments, depth: depth + 1).unicodeScalars
        } else {
          specification.append(next)
        }
      }
    }
    guard scalars.popFirst() == "}" else { throw TemplateError("format: a field is not closed") }
    return try FormatSpecification(String(specification)).text(of: converted(value, conversion))
  }

  private func converted(_ value: TemplateValue, _ conversion: Unicode.Scalar?)
    throws(TemplateError) -> TemplateValue
  {
    switch conversion {
    case nil: return value
    case "s": return .string(try value.text())
    case "r": return .string(try value.representation())
    default: throw TemplateError("format: '!\(conversion.map(String.init) ?? "")' is not known")
    }
  }

  private mutating func take(until ends: [Unicode.Scalar]) -> String {
    var (text, brackets) = (String.UnicodeScalarView(), 0)
    while let next = scalars.first, brackets > 0 || !ends.contains(next) {
      brackets += next == "[" ? 1 : next == "]" ? -1 : 0
      text.append(next)
      scalars.removeFirst()
    }
    return String(text)
  }

  /// `0.name[key]` of the arguments; without a first part, the next one in turn.
  private mutating func value(_ path: String, _ arguments: CallArguments) throws(TemplateError)
    -> TemplateValue
  {
    var rest = Array(path.unicodeScalars)[...]
    func part(_ rest: inout ArraySlice<Unicode.Scalar>, _ isEnd: (Unicode.Scalar) -> Bool) -> String
    {
      let part = rest.prefix { !isEnd($0) }
      rest = rest.dropFirst(part.count)
      return String(part)
    }
    var value = try argument(part(&rest) { $0 == "." || $0 == "[" }, arguments)
    while let mark = rest.popFirst() {
      if mark == "." {
        value = try value.attribute(part(&rest) { $0 == "." || $0 == "[" })
      } else {
        let key = part(&rest) { $0 == "]" }
        _ = rest.popFirst()
        value = try value.element(Int(key).map { .int($0) } ?? .string(key))
      }
    }
    return value
  }

  private mutating func argument(_ name: String, _ arguments: CallArguments)
    throws(TemplateError) -> TemplateValue
  {
    var place = Int(name)
    if name.isEmpty {
      guard let next = nextPlace else {
        throw TemplateError("format: numbered fields stand beside fields without a number")
      }
      (place, nextPlace) = (next, next + 1)
    } else if place != nil {
      guard nextPlace == nil || nextPlace == 0 else {
        throw TemplateError("format: numbered fields stand beside fields without a number")
      }
      nextPlace = nil
    }
    if let place {
      guard arguments.positional.indices.contains(place) else {
        throw TemplateError("format: there is no value number \(place)")
      }
      return arguments.positional[place]
    }
    guard let value = arguments.named.first(where: { $0.name == name })?.value else {
      throw TemplateError("format: there is no value '\(name)'")
    }
    return value
  }
}
