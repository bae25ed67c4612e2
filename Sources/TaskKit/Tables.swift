import CPluginABI

// The C tables. A C function pointer cannot be generic, so each kind has one table for all types,
// and the export's `user` holds a maker that knows the type.

/// Makes what a task's `describe` writes.
final class TaskMaker {
  let json: JSON

  init<T: TuningTask>(_ type: T.Type) {
    json = [
      "name": .string(T.name), "summary": .string(T.summary), "dataset": .string(T.dataset.name),
      "evaluator": T.evaluator.map { .string($0.name) } ?? .null,
      "rewards": .array(T.rewards.map { .string($0.name) }),
      "defaults": T.defaults,
    ]
  }
}

/// Opens datasets of one type.
final class DatasetMaker {
  let make: (_ config: String, Split, HostServices) throws -> DatasetInstance?

  init<D: Dataset>(_ type: D.Type) {
    make = { text, split, host in
      try D(configuration: Configuration.parse(text), split: split, host: host)
        .map(DatasetInstance.init)
    }
  }
}

final class DatasetInstance {
  let dataset: any Dataset
  init(_ dataset: any Dataset) { self.dataset = dataset }
}

/// Makes evaluators of one type.
final class EvaluatorMaker {
  let make: (_ config: String, Split, HostServices) throws -> EvaluatorInstance

  init<E: Evaluator>(_ type: E.Type) {
    make = { text, split, host in
      EvaluatorInstance(
        try E(configuration: Configuration.parse(text), split: split, host: host))
    }
  }
}

final class EvaluatorInstance {
  let evaluator: any Evaluator
  init(_ evaluator: any Evaluator) { self.evaluator = evaluator }
}

enum TaskTable {
  // Unsafe: written once, before anyone can read it.
  nonisolated(unsafe) static let pointer: UnsafeRawPointer = immortal {
    var table = tk_task_v1()
    table.struct_size = UInt32(MemoryLayout<tk_task_v1>.size)
    table.flags = UInt32(TK_THREAD_SAFE)
    table.describe = { user, out, error in
      guarded(error) {
        let maker: TaskMaker = try object(user)
        try write(maker.json.text, to: out)
        return tk_status(TK_OK)
      }
    }
    return table
  }
}

enum DatasetTable {
  // Unsafe: written once, before anyone can read it.
  nonisolated(unsafe) static let pointer: UnsafeRawPointer = immortal {
    var table = tk_dataset_v1()
    table.struct_size = UInt32(MemoryLayout<tk_dataset_v1>.size)
    table.flags = UInt32(TK_THREAD_SAFE)
    table.create = { user, host, config, split, instance, error in
      guarded(error) {
        let maker: DatasetMaker = try object(user)
        let made = try maker.make(config.string, Split(split), HostServices(host))
        guard let made else { return tk_status(TK_END) }
        instance?.pointee = Unmanaged.passRetained(made).toOpaque()
        return tk_status(TK_OK)
      }
    }
    table.destroy = { release($0, as: DatasetInstance.self) }
    table.count = { instance in
      guard let instance else { return Int64(TK_E_INTERNAL) }
      let holder = Unmanaged<DatasetInstance>.fromOpaque(instance).takeUnretainedValue()
      return Int64(holder.dataset.count)
    }
    table.read = { instance, index, epoch, seed, sink, error in
      guarded(error) {
        let holder: DatasetInstance = try object(instance)
        let example = try holder.dataset.example(at: Int(index), epoch: Int(epoch), seed: seed)
        guard let sink else { throw PluginError(.internal, "the host gave no sink") }
        return try example.write(to: sink)
      }
    }
    return table
  }
}

enum EvaluatorTable {
  // Unsafe: written once, before anyone can read it.
  nonisolated(unsafe) static let pointer: UnsafeRawPointer = immortal {
    var table = tk_evaluator_v1()
    table.struct_size = UInt32(MemoryLayout<tk_evaluator_v1>.size)
    table.flags = UInt32(TK_THREAD_SAFE)
    table.create = { user, host, config, split, instance, error in
      guarded(error) {
        let maker: EvaluatorMaker = try object(user)
        let made = try maker.make(config.string, Split(split), HostServices(host))
        instance?.pointee = Unmanaged.passRetained(made).toOpaque()
        return tk_status(TK_OK)
      }
    }
    table.destroy = { release($0, as: EvaluatorInstance.self) }
    table.evaluate = { instance, predictions, out, error in
      guarded(error) {
        let holder: EvaluatorInstance = try object(instance)
        guard let predictions else { throw PluginError(.internal, "the host gave no predictions") }
        let report = try holder.evaluator.evaluate([Prediction](predictions.pointee))
        try report.check()
        try write(report.json, to: out)
        return tk_status(TK_OK)
      }
    }
    return table
  }
}

/// A table that is never freed.
func immortal<Table>(_ make: () -> Table) -> UnsafeRawPointer {
  let pointer = UnsafeMutablePointer<Table>.allocate(capacity: 1)
  pointer.initialize(to: make())
  return UnsafeRawPointer(pointer)
}

func object<Object: AnyObject>(_ pointer: UnsafeMutableRawPointer?) throws -> Object {
  guard let pointer else { throw PluginError(.internal, "the host gave no instance") }
  return Unmanaged<Object>.fromOpaque(pointer).takeUnretainedValue()
}

func release<Object: AnyObject>(_ pointer: UnsafeMutableRawPointer?, as: Object.Type) {
  if let pointer { Unmanaged<Object>.fromOpaque(pointer).release() }
}

func write(_ text: String, to out: UnsafePointer<tk_text_out_v1>?) throws {
  guard let out, let write = out.pointee.write else {
    throw PluginError(.internal, "the host gave no sink")
  }
  text.withStr { write(out, $0) }
}

extension Split {
  fileprivate init(_ name: tk_str) throws {
    guard let split = Split(rawValue: name.string) else {
      throw PluginError(.unsupported, "this plugin does not know the split '\(name.string)'")
    }
    self = split
  }
}
