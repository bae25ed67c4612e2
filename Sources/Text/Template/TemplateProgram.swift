/// One Jinja program, read.
struct TemplateProgram: Sendable {
  let source: String
  let statements: [Statement]
  /// Whether `{% generation %}` says what is trained.
  let hasGenerationBlocks: Bool
  /// Whether it can write the date.
  let usesDate: Bool
  /// The file it came from, for errors.
  let file: String?

  init(source: String, file: String? = nil) throws(TemplateError) {
    (self.source, self.file) = (source, file)
    do throws(TemplateError) {
      let tokens = try TemplateLexer.tokens(of: source)
      usesDate = tokens.contains { $0.kind == .name("strftime_now") }
      statements = try TemplateParser.statements(of: tokens)
    } catch { throw file.map { error.located(file: $0) } ?? error }
    hasGenerationBlocks = statements.contains(where: \.containsGeneration)
  }

  /// What it writes, given these names.
  func output(_ variables: [String: TemplateValue], now: CivilTime) throws(TemplateError)
    -> TemplateOutput
  {
    do throws(TemplateError) {
      return try TemplateInterpreter(variables: variables, now: now).rendered(statements)
    } catch { throw file.map { error.located(file: $0) } ?? error }
  }
}
