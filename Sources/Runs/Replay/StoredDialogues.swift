import JSON

/// Conversations of our own that a model is asked where nothing else is at hand: to see whether two
/// forms of it say the same.
enum StoredDialogues {
  /// Messages of roles and contents, a conversation each.
  static let all: [[JSONValue]] = [
    [
      user("Where did you put the red cup?"),
      assistant("It stands on the second shelf, left of the kettle."),
      user("Bring it to the table, please, and say when you are there."),
      assistant("I am on my way. The cup is on the table now."),
    ],
    [
      ["role": "system", "content": "Answer in one short sentence."],
      user("Why is the sky blue?"),
      assistant("Air scatters short waves of light more than long ones."),
    ],
    [
      user("请把下面的句子翻译成英文：我们明天早上八点出发。"),
      assistant("We will set out at eight o'clock tomorrow morning."),
    ],
    [
      user("Wie viel ist 17 · 23, und wie rechnet man das im Kopf?"),
      assistant("17 · 23 = 20² − 3² = 391."),
    ],
    [
      user("Write a function that adds two numbers in Python."),
      assistant("def add(a, b):\n    return a + b\n"),
    ],
    [
      user("Name three fruits 🍎🍋, one a line.\n\nNothing else."),
      assistant("- apple\n- lemon\n- plum"),
    ],
  ]

  private static func user(_ text: String) -> JSONValue {
    ["role": "user", "content": .string(text)]
  }

  private static func assistant(_ text: String) -> JSONValue {
    ["role": "assistant", "content": .string(text)]
  }
}
