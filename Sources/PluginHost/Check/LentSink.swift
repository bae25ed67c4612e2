import CPluginABI
import Glibc

/// A sink of the host's in borrowed memory: using it after the call is a fault at a known address,
/// even through a copy of its table; using it on another thread is noticed.
struct LentSink<Table: BitwiseCopyable> {
  let table: UnsafePointer<Table>
  private let door: UnsafeMutablePointer<SinkDoor>

  /// Lends `table`, whose functions must be those of a door to `own`.
  fileprivate init(
    _ table: Table, context: WritableKeyPath<Table, UnsafeMutableRawPointer?>,
    own: UnsafePointer<Table>, _ lending: Lending
  ) {
    let door = SinkDoor(own: UnsafeRawPointer(own), thread: pthread_self())
    self.door = lending.writable([door], "the sink")
    var table = table
    table[keyPath: context] = UnsafeMutableRawPointer(self.door)
    self.table = lending.value(table, "the sink")
  }

  /// Throws when the sink was used on a thread that it is not for.
  func check() throws(CheckFault) {
    guard door.pointee.strangers > 0 else { return }
    throw .fails(
      "it used the sink on a thread other than the call's; hand results over to the call's thread")
  }
}

/// What stands behind a lent sink.
private struct SinkDoor: BitwiseCopyable {
  let own: UnsafeRawPointer
  let thread: pthread_t
  var strangers = 0

  /// Hands the call on to the host's own table.
  static func enter<Table, Result>(
    _ context: UnsafeMutableRawPointer?, as type: Table.Type, refused: Result,
    _ body: (UnsafePointer<Table>) -> Result
  ) -> Result {
    guard let door = context?.assumingMemoryBound(to: SinkDoor.self) else { return refused }
    guard pthread_equal(door.pointee.thread, pthread_self()) != 0 else {
      door.pointee.strangers += 1
      return refused
    }
    return body(door.pointee.own.assumingMemoryBound(to: Table.self))
  }
}

private let refused = tk_status(TK_E_INTERNAL)

extension LentSink where Table == tk_reward_out_v1 {
  /// Lends `own` with other scores.
  init(_ own: UnsafePointer<Table>, scores: UnsafeMutablePointer<Float>, _ lending: Lending) {
    var table = own.pointee
    table.scores = scores
    table.component = { out, name, values, count in
      SinkDoor.enter(out?.pointee.ctx, as: tk_reward_out_v1.self, refused: refused) {
        $0.pointee.component($0, name, values, count)
      }
    }
    table.abstain = { out, index, reason in
      SinkDoor.enter(out?.pointee.ctx, as: tk_reward_out_v1.self, refused: refused) {
        $0.pointee.abstain($0, index, reason)
      }
    }
    self.init(table, context: \.ctx, own: own, lending)
  }
}

extension LentSink where Table == tk_text_out_v1 {
  /// Lends `own`.
  init(_ own: UnsafePointer<Table>, _ lending: Lending) {
    var table = own.pointee
    table.write = { out, chunk in
      SinkDoor.enter(out?.pointee.ctx, as: tk_text_out_v1.self, refused: ()) {
        $0.pointee.write($0, chunk)
      }
    }
    self.init(table, context: \.ctx, own: own, lending)
  }
}

extension LentSink where Table == tk_example_out_v1 {
  /// Lends `own`.
  init(_ own: UnsafePointer<Table>, _ lending: Lending) {
    var table = own.pointee
    table.turn = { out, section, role, parts, count in
      SinkDoor.enter(out?.pointee.ctx, as: tk_example_out_v1.self, refused: refused) {
        $0.pointee.turn($0, section, role, parts, count)
      }
    }
    table.metadata = { out, json in
      SinkDoor.enter(out?.pointee.ctx, as: tk_example_out_v1.self, refused: refused) {
        $0.pointee.metadata($0, json)
      }
    }
    table.choices = { out, choices, count in
      SinkDoor.enter(out?.pointee.ctx, as: tk_example_out_v1.self, refused: refused) {
        $0.pointee.choices($0, choices, count)
      }
    }
    table.tensor = { out, name, dtype, shape, rank, data, bytes in
      SinkDoor.enter(out?.pointee.ctx, as: tk_example_out_v1.self, refused: refused) {
        $0.pointee.tensor($0, name, dtype, shape, rank, data, bytes)
      }
    }
    table.turn_details = { out, flags, members in
      SinkDoor.enter(out?.pointee.ctx, as: tk_example_out_v1.self, refused: refused) {
        $0.pointee.turn_details($0, flags, members)
      }
    }
    table.template_variables = { out, json in
      SinkDoor.enter(out?.pointee.ctx, as: tk_example_out_v1.self, refused: refused) {
        $0.pointee.template_variables($0, json)
      }
    }
    table.label = { out, label in
      SinkDoor.enter(out?.pointee.ctx, as: tk_example_out_v1.self, refused: refused) {
        $0.pointee.label($0, label)
      }
    }
    self.init(table, context: \.ctx, own: own, lending)
  }
}
