import CPluginABI
import JSON
import Tasks

/// Collects one row from a dataset's `read`. What is wrong is remembered and reported afterwards:
/// a plugin may ignore the status that it gets.
final class ExampleSink {
  /// The conversation, and the two answers of a pair.
  private var turns: [Section: [Turn]] = [:]
  /// Where the turn that came last stands, and whether it has details.
  private var last: (section: Section, hasDetails: Bool)?
  /// Names of the tensors with the weights of choices, by turn and part of the conversation.
  private var weights: [(turn: Int, part: Int, tensor: String)] = []
  private(set) var metadata = JSONValue.emptyObject
  private var choices: [String] = []
  private var templateVariables: JSONValue.Members = [:]
  private var label: Bool?
  private(set) var tensors: [String: MediaTensor] = [:]
  private(set) var fault: String?

  /// Which of a row's conversations a turn belongs to.
  private enum Section: Int32 {
    case conversation = 0, chosen, rejected

    /// A turn's name: "turn 2", "turn 0 of the chosen answer".
    func turn(_ index: Int) -> String {
      self == .conversation ? "turn \(index)" : "turn \(index) of the \(self) answer"
    }
  }

  /// Lends a C sink that fills this object.
  func withTable<R>(_ body: (UnsafePointer<tk_example_out_v1>) -> R) -> R {
    var table = tk_example_out_v1()
    table.ctx = Unmanaged.passUnretained(self).toOpaque()
    table.turn = { out, section, role, parts, count in
      ExampleSink.accept(out) { sink in
        guard parts != nil || count == 0 else { return "a turn's parts are NULL" }
        return sink.addTurn(section, role, UnsafeBufferPointer(start: parts, count: count))
      }
    }
    table.metadata = { out, json in ExampleSink.accept(out) { $0.setMetadata(json) } }
    table.choices = { out, choices, count in
      ExampleSink.accept(out) { sink in
        let texts = UnsafeBufferPointer(start: choices, count: choices == nil ? 0 : count)
        sink.choices = texts.map { String($0) }
        return nil
      }
    }
    table.tensor = { out, name, dtype, shape, rank, data, bytes in
      ExampleSink.accept(out) { sink in
        let shape = UnsafeBufferPointer(start: shape, count: shape == nil ? 0 : rank)
        let data = UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : bytes)
        return sink.addTensor(String(name), dtype, shape, data)
      }
    }
    table.turn_details = { out, flags, members in
      ExampleSink.accept(out) { $0.setDetails(flags, members) }
    }
    table.template_variables = { out, json in
      ExampleSink.accept(out) { $0.setVariables(json) }
    }
    table.label = { out, label in ExampleSink.accept(out) { $0.setLabel(label) } }
    return withExtendedLifetime(self) { withUnsafePointer(to: table) { body($0) } }
  }

  /// The row, once all is written; every medium must name a tensor.
  func example() throws(Fault) -> Example {
    if let fault { throw Fault(reason: fault) }
    var example = Example(
      turns: turns[.conversation] ?? [], metadata: metadata, choices: choices, tensors: tensors,
      templateVariables: templateVariables, chosen: turns[.chosen] ?? [],
      rejected: turns[.rejected] ?? [], label: label)
    if let reason = example.fault { throw Fault(reason: reason) }
    for place in weights {
      example.turns[place.turn].parts[place.part] = .choice(try choice(place.tensor))
      guard place.turn == example.turns.count - 1, example.turns[place.turn].role == "assistant"
      else {
        throw Fault(reason: "a choice stands in turn \(place.turn), not in a last assistant turn")
      }
    }
    for place in weights { example.tensors[place.tensor] = nil }
    return example
  }

  /// The place whose weights are the tensor `name`.
  private func choice(_ name: String) throws(Fault) -> Choice {
    guard let tensor = tensors[name] else {
      throw Fault(reason: "a choice names the tensor '\(name)', which the row lacks")
    }
    guard !choices.isEmpty, tensor.shape == [choices.count] else {
      throw Fault(
        reason: "the weights '\(name)' have the shape \(tensor.shape), but the row has "
          + "\(choices.count) choices")
    }
    let sum = tensor.values.reduce(0, +)
    guard tensor.values.allSatisfy({ $0 >= 0 }), abs(sum - 1) < 1e-3 else {
      throw Fault(
        reason: "the weights '\(name)' of the choices are \(tensor.values); they must not be "
          + "negative and must sum to 1")
    }
    return Choice(options: choices, weights: tensor.values)
  }

  /// What is wrong with the row.
  struct Fault: Error { let reason: String }

  private static func accept(
    _ out: UnsafePointer<tk_example_out_v1>?, _ body: (ExampleSink) -> String?
  ) -> tk_status {
    guard let context = out?.pointee.ctx else { return tk_status(TK_E_INTERNAL) }
    let sink = Unmanaged<ExampleSink>.fromOpaque(context).takeUnretainedValue()
    guard let fault = body(sink) else { return tk_status(TK_OK) }
    sink.fault = sink.fault ?? fault
    return tk_status(TK_E_INTERNAL)
  }

  private func addTurn(
    _ section: Int32, _ role: tk_str, _ parts: UnsafeBufferPointer<tk_part_v1>
  ) -> String? {
    guard let section = Section(rawValue: section) else {
      return "a turn has the unknown section \(section)"
    }
    let role = String(role), index = turns[section]?.count ?? 0
    let known = ["system", "developer", "user", "assistant", "tool"]
    guard known.contains(role) else {
      let turn = section.turn(index)
      return "\(turn) has the role '\(role)'; known: \(known.joined(separator: ", "))"
    }
    var content: [Part] = []
    for part in parts {
      switch Int(part.type) {
      case Int(TK_PART_TEXT): content.append(.text(String(part.value)))
      case Int(TK_PART_MEDIA):
        content.append(.media(kind: String(part.media), tensor: String(part.value)))
      case Int(TK_PART_CHOICE):
        guard section == .conversation else {
          return "a choice stands in \(section.turn(index)); a pair has none"
        }
        weights.append((index, content.count, String(part.value)))
        content.append(.text(""))
      default: return "a part of \(section.turn(index)) has the unknown type \(part.type)"
      }
    }
    turns[section, default: []].append(Turn(role: role, parts: content))
    last = (section, false)
    return nil
  }

  private func setDetails(_ flags: UInt32, _ json: tk_str) -> String? {
    guard let (section, hasDetails) = last, let index = turns[section]?.indices.last else {
      return "details of a turn before any turn"
    }
    let turn = section.turn(index)
    guard !hasDetails else { return "\(turn) has details twice" }
    last = (section, true)
    guard flags & ~UInt32(TK_TURN_UNTRAINED) == 0 else {
      return "\(turn) has the unknown flags \(flags)"
    }
    turns[section]?[index].isTrained = flags & UInt32(TK_TURN_UNTRAINED) == 0
    guard json.len > 0 else { return nil }
    do throws(JSONError) {
      guard let members = try JSONValue(parsing: String(json)).object else {
        return "the members of \(turn) are no object"
      }
      for key in ["role", "content"] where members[key] != nil {
        return "the members of \(turn) hold '\(key)', which the turn itself says"
      }
      turns[section]?[index].members = members
      return nil
    } catch { return "the members of \(turn) are not JSON: \(error)" }
  }

  private func setLabel(_ value: Int32) -> String? {
    guard label == nil else { return "the row has its label twice" }
    guard value == 0 || value == 1 else {
      return "the row's label is \(value); known: 1 (a wanted answer), 0 (not wanted)"
    }
    label = value == 1
    return nil
  }

  private func setVariables(_ json: tk_str) -> String? {
    do throws(JSONError) {
      guard let variables = try JSONValue(parsing: String(json)).object else {
        return "the variables of the chat template are no object"
      }
      for key in ["messages", "add_generation_prompt"] where variables[key] != nil {
        return "the variables of the chat template hold '\(key)', which is the host's own"
      }
      if let tools = variables["tools"], tools.array?.allSatisfy({ $0.object != nil }) != true {
        return "the template's 'tools' must be a list of objects, not \(tools.kind)"
      }
      templateVariables = variables
      return nil
    } catch { return "the variables of the chat template are not JSON: \(error)" }
  }

  private func setMetadata(_ json: tk_str) -> String? {
    do {
      metadata = try JSONValue(parsing: String(json))
      return metadata.object == nil ? "the metadata is \(metadata.kind), not an object" : nil
    } catch {
      return "the metadata is not JSON: \(error)"
    }
  }

  private func addTensor(
    _ name: String, _ dtype: Int32, _ shape: UnsafeBufferPointer<Int64>,
    _ data: UnsafeRawBufferPointer
  ) -> String? {
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: Int(size))
      guard size >= 0, !overflow else {
        return "the tensor '\(name)' has the shape \(Array(shape))"
      }
      count = product
    }
    let width = [Int32(TK_F32): 4, Int32(TK_I32): 4, Int32(TK_U8): 1][dtype]
    guard let width else { return "the tensor '\(name)' has the unknown type \(dtype)" }
    guard data.count / width == count, data.count % width == 0 else {
      return "the tensor '\(name)' of shape \(Array(shape)) has \(data.count) bytes"
    }
    let values = (0..<count).map { index -> Float in
      let offset = index * width
      return switch Int(dtype) {
      case Int(TK_F32): data.loadUnaligned(fromByteOffset: offset, as: Float.self)
      case Int(TK_I32): Float(data.loadUnaligned(fromByteOffset: offset, as: Int32.self))
      default: Float(data[offset])
      }
    }
    tensors[name] = MediaTensor(shape: shape.map { Int($0) }, values: values)
    return nil
  }
}
