import CPluginABI
import Tasks

/// What a worker does with a plugin under check: it calls an export in all the ways that the ABI
/// allows, and reports each step before it is taken.
struct CheckBench: Sendable {
  let job: CheckJob
  let host: HostTable
  let report: @Sendable (CheckEvent) -> Void

  /// The export as a report names it; empty for the plugin itself.
  var subject: String { job.export.map { "\($0.kind.name) '\($0.name)'" } ?? "" }

  /// Does the job.
  func run() {
    step("loads", job.export == nil ? "loading" : "loading it again")
    let plugin: Plugin
    do throws(SharedObject.Fault) {
      plugin = try Plugin(
        opening: job.path, libraryDirectory: job.libraryDirectory, installsGuard: false)
    } catch {
      return report(.finding(CheckFinding(.fails, subject, "loads", error.reason)))
    }
    guard let export = job.export else { return report(.plugin(plugin.summary)) }
    do throws(TaskError) {
      switch export.kind {
      case .reward: RewardCheck(try RewardCalls(export.name, plugin, host), self).run()
      case .dataset: DatasetCheck(try DatasetCalls(export.name, plugin, host), self).run()
      case .evaluator: EvaluatorCheck(try EvaluatorCalls(export.name, plugin, host), self).run()
      case .transport:
        TransportCheck(try PluginTransport(export.name, of: plugin, host: host), self).run()
      case .task: try TaskCheck(export.name, plugin, self).run()
      }
      step("leaves", "the end of the process")
    } catch {
      report(.finding(CheckFinding(.fails, subject, "functions", error.message)))
    }
  }

  /// Says what is called next.
  func step(_ side: String, _ call: String) {
    report(.step(subject: subject, side: side, call: call))
  }

  /// Checks a side of the export; whether it is in order. `body` says what was tried.
  @discardableResult
  func check(_ side: String, _ body: () throws(CheckFault) -> String) -> Bool {
    do throws(CheckFault) {
      report(.finding(CheckFinding(.ok, subject, side, try body())))
      return true
    } catch {
      report(.finding(CheckFinding(error.mark, subject, side, error.text)))
      return false
    }
  }
}

/// What a `create` came to.
enum Made {
  case made(CheckInstance)
  /// There is no such split.
  case ends
  case refused(CheckAnswer)
}

/// An object of the plugin's under check; destroyed by hand.
struct CheckInstance: @unchecked Sendable {
  // Unchecked: which thread may use it is what is being checked.
  let pointer: UnsafeMutableRawPointer?
}

/// Calls a `create` with a lent configuration and, where there is one, split.
func make(
  _ configuration: String, split: Split? = nil, capacity: Int = 4096,
  _ create: (
    tk_str, tk_str, UnsafeMutablePointer<UnsafeMutableRawPointer?>, UnsafeMutablePointer<tk_error>
  ) -> tk_status
) throws(CheckFault) -> Made {
  let lending = Lending()
  let place = lending.writable([UnsafeMutableRawPointer?.none], "the place for the instance")
  let configuration = lending.text(configuration, "the configuration")
  let name = split.map { lending.text($0.rawValue, "the split's name") } ?? tk_str()
  let answer = try calling(capacity: capacity) { create(configuration, name, place, $0) }
  try lending.checkOutputs()
  switch Int(answer.status) {
  case Int(TK_OK): return .made(CheckInstance(pointer: place.pointee))
  case Int(TK_END) where split != nil: return .ends
  case ..<0: return .refused(answer)
  default: throw .fails("create answers the status \(answer.status), which means nothing there")
  }
}

extension CheckJob {
  /// What follows from a `create` that was refused: a fault where a person wrote the configuration.
  func refusal(_ answer: CheckAnswer) -> CheckFault {
    switch answer.kind {
    case .configuration where !isConfigured:
      .uncalled("not called: it needs a configuration (\(answer.text)); give --config")
    case .data where !isConfigured:
      .uncalled("not called: it needs data (\(answer.text)); give --config")
    case .unsupported:
      .uncalled("not called: it cannot work without a service or a model (\(answer.text))")
    default: .fails("create is refused: \(answer.text)")
    }
  }
}
