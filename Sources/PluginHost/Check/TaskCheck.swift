import CPluginABI
import Tasks

/// Asks a task what it is made of.
struct TaskCheck {
  private let name: String, plugin: Plugin, bench: CheckBench
  private let table: tk_task_v1
  private let user: UnsafeMutableRawPointer?

  init(_ name: String, _ plugin: Plugin, _ bench: CheckBench) throws(TaskError) {
    (table, user) = try functions(.task, name, of: plugin, as: tk_task_v1.self)
    guard table.describe != nil else { throw TaskError(.internal, "it lacks 'describe'") }
    self.name = name
    self.plugin = plugin
    self.bench = bench
  }

  func run() {
    bench.check("describe") { () throws(CheckFault) in
      bench.step("describe", "describe")
      let text = try describe()
      let other = onOtherThread { Result { () throws(CheckFault) in try describe() } }
      guard try text == other.get() else { throw .fails("it describes itself in two ways") }
      do throws(TaskError) {
        let task = try PluginTask(name, of: plugin, host: bench.host).description
        bench.report(.task(task))
        let evaluator = task.evaluator.map { ", evaluator '\($0)'" } ?? ", no evaluator"
        let rewards = task.rewards.map { ", reward '\($0)'" }.joined()
        return "dataset '\(task.dataset)'" + evaluator + rewards
      } catch { throw .fails(error.message) }
    }
  }

  private func describe() throws(CheckFault) -> String {
    let lending = Lending(), output = TextSink()
    let result = output.withTable { own -> Result<CheckAnswer, CheckFault> in
      let lent = LentSink(own, lending)
      return Result { () throws(CheckFault) in
        let answer = try calling { table.describe(user, lent.table, $0) }
        try lent.check()
        return answer
      }
    }
    let answer = try result.get()
    try lending.checkOutputs()
    guard answer.status == TK_OK else { throw .fails("describe fails: \(answer.text)") }
    return output.text
  }
}
