/// Executes a template's statements.
final class TemplateInterpreter {
  var output = TemplateOutput()
  var scope: Scope
  /// What `strftime_now` writes.
  let now: CivilTime
  /// The message that output is written for: the one the innermost loop over messages has reached.
  private var message: Int?
  private var loopDepth = 0
  /// Expressions and macros under way, one inside the other.
  var depth = 0
  /// Bounds recursion, so that a hostile template cannot exhaust the stack.
  static let maximumDepth = 500
  /// Scopes that hold a macro which holds them.
  private var bound: [Scope] = []

  /// How a run of statements ended.
  private enum Flow { case normal, breakLoop, continueLoop }

  init(variables: [String: TemplateValue], now: CivilTime) {
    self.now = now
    let globals = Scope(parent: nil)
    for name in Self.globals { globals.variables[name] = .function(.named(name)) }
    globals.variables.merge(variables) { $1 }
    scope = Scope(parent: globals)
  }

  /// The text of a template's statements.
  func rendered(_ statements: [Statement]) throws(TemplateError) -> TemplateOutput {
    defer { for scope in bound { scope.variables = [:] } }
    try run(statements)
    return output
  }

  func enter() throws(TemplateError) {
    guard depth < Self.maximumDepth else {
      throw TemplateError("expressions and macros are nested more than \(Self.maximumDepth) deep")
    }
    depth += 1
  }

  private func run(_ statements: [Statement]) throws(TemplateError) {
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
    case .output(let expressions):
      for expression in expressions { output.write(try evaluate(expression).text(), for: message) }
    case .conditional(let branches, let otherwise):
      for branch in branches where try evaluate(branch.condition).isTrue {
        return try execute(branch.body)
      }
      return try execute(otherwise)
    case .loop(let loop):
      let items = try evaluate(loop.items)
      try execute(loop, over: items, in: scope)
    case .assign(let target, let expression):
      let value = try evaluate(expression)
      // A loop over indices reaches its message by name.
      if message == nil, loopDepth > 0, let found = value.message { message = found }
      try assign(value, to: target)
    case .with(let values, let body): return try execute(with: values, body)
    case .generation(let body):
      let start = output.count
      try nested(body)
      output.markGenerated(from: start, for: message)
    case .breakLoop: return .breakLoop
    case .continueLoop: return .continueLoop
    default: try executeBlock(statement)
    }
    return .normal
  }

  /// Blocks whose text goes elsewhere than into the output.
  private func executeBlock(_ statement: Statement) throws(TemplateError) {
    switch statement.body {
    case .assignBlock(let target, let filters, let body):
      let text = try capture { () throws(TemplateError) in try nested(body) }
      try assign(try apply(filters, to: .string(text)), to: target)
    case .macro(let definition):
      scope.variables[definition.name] = .macro(TemplateMacro(definition, scope: scope))
      bound.append(scope)
    case .call(let caller, let callee, let arguments):
      bound.append(scope)
      var values = try evaluate(arguments)
      values.named.append(("caller", .macro(TemplateMacro(caller, scope: scope))))
      output.write(try call(try evaluate(callee), values).text(), for: message)
    case .filterBlock(let filters, let body):
      let text = try capture { () throws(TemplateError) in try nested(body) }
      output.write(try apply(filters, to: .string(text)).text(), for: message)
    default: break
    }
  }

  /// Statements in a scope of their own.
  private func nested(_ body: [Statement]) throws(TemplateError) {
    let outer = scope
    scope = Scope(parent: outer)
    defer { scope = outer }
    try run(body)
  }

  private func execute(with values: [(target: Target, value: Expression)], _ body: [Statement])
    throws(TemplateError) -> Flow
  {
    let given = try values.map { (pair) throws(TemplateError) in
      (pair.target, try evaluate(pair.value))
    }
    let outer = scope
    scope = Scope(parent: outer)
    defer { scope = outer }
    for (target, value) in given { try assign(value, to: target) }
    return try execute(body)
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

  // MARK: Loops

  private func execute(
    _ loop: ForLoop, over items: TemplateValue, in outerScope: Scope, depth: Int = 1
  ) throws(TemplateError) {
    let outer = (scope, message)
    defer {
      (scope, message) = outer
      loopDepth -= 1
    }
    loopDepth += 1
    let source = try filtered(items.iterator(), loop, outerScope)
    var length: Int?
    if loop.condition == nil, items.isSized { length = try items.count() }
    let state = LoopState(loop, over: source, length: length, scope: outerScope, depth: depth)
    var isEmpty = true
    while let item = try state.next() {
      isEmpty = false
      scope = Scope(parent: outerScope)
      message = item.message ?? outer.1
      scope.variables["loop"] = .loop(state)
      try assign(item, to: loop.target)
      if case .breakLoop = try execute(loop.body) { break }
    }
    if isEmpty {
      scope = Scope(parent: outerScope)
      _ = try execute(loop.otherwise)
    }
  }

  /// The items that the loop's own condition lets through; each is asked when its turn comes.
  private func filtered(_ items: TemplateIterator, _ loop: ForLoop, _ outer: Scope)
    -> TemplateIterator
  {
    guard let condition = loop.condition else { return items }
    return TemplateIterator { [unowned self] () throws(TemplateError) in
      let inner = scope
      defer { scope = inner }
      while let item = try items.next() {
        scope = Scope(parent: outer)
        try assign(item, to: loop.target)
        if try evaluate(condition).isTrue { return item }
      }
      return nil
    }
  }

  /// `loop(items)` inside a recursive loop: what its body writes for these.
  func recurse(_ state: LoopState, _ items: TemplateValue) throws(TemplateError) -> String {
    guard state.loop.isRecursive else {
      throw TemplateError("the loop lacks the word 'recursive', so it cannot be called")
    }
    try enter()
    defer { depth -= 1 }
    return try capture { () throws(TemplateError) in
      try execute(state.loop, over: items, in: state.scope, depth: state.depth + 1)
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
      try namespace.set(attribute, value)
    case .tuple(let targets):
      let values = try value.iterated()
      guard values.count == targets.count else {
        throw TemplateError("\(values.count) values cannot be unpacked into \(targets.count) names")
      }
      for (target, value) in zip(targets, values) { try assign(value, to: target) }
    }
  }

  // MARK: Macros

  /// The text a macro writes.
  func call(_ macro: TemplateMacro, _ arguments: CallArguments) throws(TemplateError) -> String {
    try enter()
    let outer = (scope, loopDepth)
    defer {
      (scope, loopDepth) = outer
      depth -= 1
    }
    let given = try macro.bound(arguments)
    scope = Scope(parent: macro.scope)
    for (name, value) in given { scope.variables[name] = value }
    for parameter in macro.definition.parameters where scope.variables[parameter.name] == nil {
      scope.variables[parameter.name] =
        try parameter.defaultValue.map { (value) throws(TemplateError) in try evaluate(value) }
        ?? .undefined(
          "argument '\(parameter.name)' of macro '\(macro.definition.name)' was not given")
    }
    return try capture { () throws(TemplateError) in try run(macro.definition.body) }
  }
}

extension TemplateMacro {
  /// The names that a call sets: parameters that were given, and what else the body reads.
  fileprivate func bound(_ arguments: CallArguments) throws(TemplateError)
    -> [(String, TemplateValue)]
  {
    let (parameters, name) = (definition.parameters, definition.name)
    var given = zip(parameters.map(\.name), arguments.positional).map { ($0, $1) }
    let more = arguments.positional.dropFirst(parameters.count)
    guard more.isEmpty || definition.reads.contains("varargs") else {
      throw TemplateError(
        "macro '\(name)' takes \(parameters.count) arguments, got \(arguments.positional.count)")
    }
    var rest = TemplateMapping()
    var caller: TemplateValue?
    let open = parameters.dropFirst(given.count)
    for (key, value) in arguments.named {
      if open.contains(where: { $0.name == key }) {
        given.append((key, value))
      } else if key == "caller", definition.reads.contains("caller") {
        caller = value
      } else {
        rest[key] = value
      }
    }
    if let key = rest.keys.first?.string, !definition.reads.contains("kwargs") {
      throw TemplateError("macro '\(name)' has no argument '\(key)'")
    }
    given.append(("varargs", .tuple(Array(more))))
    given.append(("kwargs", .mapping(rest)))
    given.append(("caller", caller ?? .undefined("no caller is defined")))
    return given.filter { key, _ in
      parameters.contains { $0.name == key } || definition.reads.contains(key)
    }
  }
}

extension TemplateValue {
  /// Whether `count` can tell its length without an error.
  fileprivate var isSized: Bool {
    switch self {
    case .string, .markup, .list, .tuple, .group, .mapping, .view, .range, .undefined: true
    default: false
    }
  }
}
