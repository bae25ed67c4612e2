/// Why a chat template cannot be read or does not render: the line, the construct, what is wrong.
public struct TemplateError: Error, CustomStringConvertible, Sendable, Equatable {
  /// One sentence.
  public let message: String
  /// The file the template came from; nil for a template given as text.
  public internal(set) var file: String?
  /// Line of the template, from 1; nil where no line is to blame.
  public internal(set) var line: Int?
  /// The statement on that line, for instance `{% for %}`.
  public internal(set) var construct: String?

  init(_ message: String, line: Int? = nil, construct: String? = nil) {
    self.message = message
    self.line = line
    self.construct = construct
  }

  /// Where it is and what is wrong.
  public var description: String {
    var place = file ?? "chat template"
    if let line { place += ", line \(line)" }
    if let construct { place += ", \(construct)" }
    return "\(place): \(message)"
  }

  /// The error with its place filled in, unless an inner statement has done so.
  func located(line: Int, construct: String) -> TemplateError {
    guard self.line == nil else { return self }
    var error = self
    (error.line, error.construct) = (line, construct)
    return error
  }

  func located(file: String) -> TemplateError {
    var error = self
    error.file = file
    return error
  }
}
