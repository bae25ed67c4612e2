/// Executes a template's statements.
final class TemplateInterpreter {
  var output = TemplateOutput()
  var scope: Scope
  /// The message that output is written for: the one the innermost loop over messages has reached.
  private var message: Int?
  private var loopDepth = 0
  /// Expressions and macros under way, one inside the other.
  var depth = 0
  /// Bounds recursion, so that a hostile template cannot exhaust the stack.
  static let maximumDepth = 500

  /// How a run of statements ended.
  private enum Flow { case normal, breakLoop, continueLoop }

  /// What `strftime_now` writes.
  let now: CivilTime

  init(variables: [String: TemplateValue], now: CivilTime) {
    self.now = now
    let globals = Scope(parent: nil)
    for name in Self.globals { globals.variables[name] = .function(name) }
    globals.variables.merge(variables) { $1 }
    scope = Scope(parent: globals)
  }

  func enter() throws(TemplateError) {
    guard depth < Self.maximumDepth else {
      throw TemplateError("expressions and macros are nested more than \(Self.maximumDepth) deep")
    }
    depth += 1
  }

  func run(_ statements: [Statement]) throws(TemplateError) {
    guard case .normal = try execute(statements) else {
      throw TemplateError("'{% break %}' and '{% continue %}' stand outside a loop")
    }
  }

  private func execute(_ statements: [Statement]) throws(TemplateError) -> Flow {
    for statement in statements {
      let flow: Flow
      do throws(TemplateError) { flow = try execute(statement) } catch {
        throw error.located(line: statement.line, construct: statement.construct)
      }
      guard case .normal = flow else { return flow }
    }
    return .normal
  }

  private func execute(_ statement: Statement) throws(TemplateError) -> Flow {
    switch statement.body {
    case .text(let text): output.write(text, for: message)
    case .output(let expression): output.write(try evaluate(expression).text, for: message)
    case .conditional(let branches, let otherwise):
      for branch in branches where try evaluate(branch.condition).isTrue {
        return try execute(branch.body)
      }
      return try execute(otherwise)
    case .loop(let loop): try execute(loop)
    case .assign(let target, let expression):
      let value = try evaluate(expression)
      // A loop over indices reaches its message by name.
      if message == nil, loopDepth > 0, let found = value.message { message = found }
      try assign(value, to: target)
    case .assignBlock(let target, let filters, let body):
      let text = try capture { () throws(TemplateError) in try nested(body) }
      try assign(try apply(filters, to: .string(text)), to: target)
    case .macro(let definition):
      scope.variables[definition.name] = .macro(TemplateMacro(definition, scope: scope))
    case .call(let caller, let expression):
      try executeCall(caller, expression)
    case .filterBlock(let filters, let body):
      let text = try capture { () throws(TemplateError) in try nested(body) }
      output.write(try apply(filters, to: .string(text)).text, for: message)
    case .with(let values, let body):
      let values = try values.map { (pair) throws(TemplateError) in
        (pair.target, try evaluate(pair.value))
      }
      try nested(body) { () throws(TemplateError) in
        for (target, value) in values { try assign(value, to: target) }
      }
    case .generation(let body):
      let start = output.count
      try nested(body)
      output.markGenerated(from: start, for: message)
    case .breakLoop: return .breakLoop
    case .continueLoop: return .continueLoop
    }
    return .normal
  }

  /// Statements in a scope of their own.
  private func nested(
    _ body: [Statement], prepare: () throws(TemplateError) -> Void = {}
  ) throws(TemplateError) {
    let outer = scope
    scope = Scope(parent: outer)
    defer { scope = outer }
    try prepare()
    try run(body)
  }

  private func apply(_ filters: [FilterCall], to value: TemplateValue)
    throws(TemplateError) -> TemplateValue
  {
    var value = value
    for filter in filters {
      value = try self.filter(value, filter.name, try evaluate(filter.arguments))
    }
    return value
  }

  /// What `body` writes, kept out of the output.
  private func capture(_ body: () throws(TemplateError) -> Void) throws(TemplateError) -> String {
    let outer = output
    output = TemplateOutput()
    defer { output = outer }
    try body()
    return output.text
  }

  private func execute(_ loop: ForLoop) throws(TemplateError) {
    var items = try evaluate(loop.items).iterated()
    let outer = (scope, message)
    defer {
      (scope, message) = outer
      loopDepth -= 1
    }
    loopDepth += 1
    if let condition = loop.condition {
      items = try items.keeping { (item) throws(TemplateError) in
        scope = Scope(parent: outer.0)
        try assign(item, to: loop.target)
        return try evaluate(condition).isTrue
      }
    }
    for (index, item) in items.enumerated() {
      scope = Scope(parent: outer.0)
      message = item.message ?? outer.1
      scope.variables["loop"] = .loop(LoopState(items: items, index: index, depth: loopDepth))
      try assign(item, to: loop.target)
      if case .breakLoop = try execute(loop.body) { break }
    }
    if items.isEmpty {
      scope = Scope(parent: outer.0)
      _ = try execute(loop.otherwise)
    }
  }

  private func assign(_ value: TemplateValue, to target: Target) throws(TemplateError) {
    switch target {
    case .name(let name): scope.variables[name] = value
    case .attribute(let name, let attribute):
      guard case .namespace(let namespace)? = scope[name] else {
        throw TemplateError(
          "'\(name).\(attribute)' cannot be set: only attributes of a namespace can")
      }
      namespace.attributes[attribute] = value
    case .tuple(let targets):
      let values = try value.iterated()
      guard values.count == targets.count else {
        throw TemplateError("\(values.count) values cannot be unpacked into \(targets.count) names")
      }
      for (target, value) in zip(targets, values) { try assign(value, to: target) }
    }
  }

  // MARK: Macros

  private func executeCall(_ caller: MacroDefinition, _ expression: Expression)
    throws(TemplateError)
  {
    guard case .call(let callee, let arguments) = expression,
      case .macro(let macro) = try evaluate(callee)
    else { throw TemplateError("'{% call %}' asks for the call of a macro") }
    let block = TemplateValue.macro(TemplateMacro(caller, scope: scope))
    let text = try call(macro, try evaluate(arguments), caller: block)
    output.write(text, for: message)
  }

  /// The text a macro writes.
  func call(_ macro: TemplateMacro, _ arguments: CallArguments, caller: TemplateValue? = nil)
    throws(TemplateError) -> String
  {
    let definition = macro.definition
    try enter()
    let outer = (scope, loopDepth)
    defer {
      (scope, loopDepth) = outer
      depth -= 1
    }
    guard arguments.positional.count <= definition.parameters.count else {
      throw TemplateError(
        "macro '\(definition.name)' takes \(definition.parameters.count) arguments, "
          + "got \(arguments.positional.count)")
    }
    for (name, _) in arguments.named
    where !definition.parameters.contains(where: { $0.name == name }) {
      throw TemplateError("macro '\(definition.name)' has no argument '\(name)'")
    }
    scope = Scope(parent: macro.scope)
    if let caller { scope.variables["caller"] = caller }
    for (index, parameter) in definition.parameters.enumerated() {
      if let given = arguments[index, parameter.name] {
        scope.variables[parameter.name] = given
      } else if let defaultValue = parameter.defaultValue {
        scope.variables[parameter.name] = try evaluate(defaultValue)
      } else {
        scope.variables[parameter.name] = .undefined(
          "argument '\(parameter.name)' of macro '\(definition.name)' was not given")
      }
    }
    return try capture { () throws(TemplateError) in try run(definition.body) }
  }
}

/// Evaluated arguments of a call.
struct CallArguments {
  var positional: [TemplateValue] = []
  var named: [(name: String, value: TemplateValue)] = []

  /// The argument at `index`, or the one called `name`.
  subscript(index: Int, name: String) -> TemplateValue? {
    positional.indices.contains(index)
      ? positional[index] : named.first { $0.name == name }?.value
  }

  /// The same without the first positional argument.
  var rest: CallArguments {
    CallArguments(positional: Array(positional.dropFirst()), named: named)
  }
}
