// The syntax tree of a Jinja template.

/// A statement and the line it begins on.
struct Statement: Sendable {
  let line: Int
  let body: Body

  indirect enum Body: Sendable {
    case text(String)
    case output([Expression])
    case conditional([(condition: Expression, body: [Statement])], otherwise: [Statement])
    case loop(ForLoop)
    case assign(Target, Expression)
    case assignBlock(Target, [FilterCall], [Statement])
    case macro(MacroDefinition)
    /// `{% call(x) macro(…) %}`: the block becomes the macro's `caller`.
    case call(MacroDefinition, callee: Expression, Arguments)
    case filterBlock([FilterCall], [Statement])
    case with([(target: Target, value: Expression)], [Statement])
    case generation([Statement])
    case breakLoop
    case continueLoop
  }

  /// How an error names the statement.
  var construct: String {
    switch body {
    case .text: "text"
    case .output: "{{ … }}"
    case .conditional: "{% if %}"
    case .loop: "{% for %}"
    case .assign, .assignBlock: "{% set %}"
    case .macro: "{% macro %}"
    case .call: "{% call %}"
    case .filterBlock: "{% filter %}"
    case .with: "{% with %}"
    case .generation: "{% generation %}"
    case .breakLoop: "{% break %}"
    case .continueLoop: "{% continue %}"
    }
  }

  /// Whether a `{% generation %}` stands in it.
  var containsGeneration: Bool {
    switch body {
    case .generation: true
    case .conditional(let branches, let otherwise):
      (branches.flatMap(\.body) + otherwise).contains(where: \.containsGeneration)
    case .loop(let loop): (loop.body + loop.otherwise).contains(where: \.containsGeneration)
    case .macro(let macro), .call(let macro, _, _): macro.body.contains(where: \.containsGeneration)
    case .assignBlock(_, _, let body), .filterBlock(_, let body), .with(_, let body):
      body.contains(where: \.containsGeneration)
    default: false
    }
  }
}

/// What an assignment or a loop writes to.
indirect enum Target: Sendable {
  case name(String)
  /// `namespace.attribute`
  case attribute(String, String)
  case tuple([Target])
}

struct ForLoop: Sendable {
  var target: Target
  var items: Expression
  var condition: Expression?
  /// Whether the body may call `loop(…)` with other items.
  var isRecursive: Bool
  var body: [Statement]
  var otherwise: [Statement]
}

struct MacroDefinition: Sendable {
  var name: String
  var parameters: [(name: String, defaultValue: Expression?)]
  var body: [Statement]
  /// Which of `varargs`, `kwargs` and `caller` the body names: a macro takes arguments beyond its
  /// parameters only where it reads them.
  var reads: Set<String>
}

struct FilterCall: Sendable {
  var name: String
  var arguments: Arguments
}

struct Arguments: Sendable {
  var positional: [Expression] = []
  var named: [(name: String, value: Expression)] = []
  /// `*values` and `**members`
  var spread: Expression?, namedSpread: Expression?
}

enum BinaryOperator: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case floorDivide = "//"
  case remainder = "%"
  case power = "**"
}

enum ComparisonOperator: String, Sendable {
  case equal = "=="
  case notEqual = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case isIn = "in"
  case isNotIn = "not in"
}

indirect enum Expression: Sendable {
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case name(String)
  case list([Expression])
  case tuple([Expression])
  case mapping([(key: Expression, value: Expression)])
  case negative(Expression)
  case positive(Expression)
  case not(Expression)
  case and(Expression, Expression)
  case or(Expression, Expression)
  case binary(BinaryOperator, Expression, Expression)
  case concatenation([Expression])
  case comparison(Expression, [(comparison: ComparisonOperator, operand: Expression)])
  case conditional(Expression, then: Expression, otherwise: Expression?)
  case attribute(Expression, String)
  case element(Expression, Expression)
  case slice(Expression, start: Expression?, stop: Expression?, step: Expression?)
  case call(Expression, Arguments)
  case filter(Expression, FilterCall)
  case test(Expression, FilterCall)
}
