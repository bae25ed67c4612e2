import CPluginABI

extension Example {
  /// Hands the row to the host, which copies each piece.
  func write(to sink: UnsafePointer<tk_example_out_v1>) throws -> tk_status {
    var tensors = tensors
    let written = try writeTurns(to: sink, tensors: &tensors)
    guard written == TK_OK else { return written }
    if !templateVariables.isEmpty {
      guard let write = sink.pointee.template_variables else { throw HostIsOlder.templateVariables }
      let status = JSON.object(templateVariables).orderedText.withStr { write(sink, $0) }
      guard status == TK_OK else { return status }
    }
    let status = metadata.text.withStr { sink.pointee.metadata?(sink, $0) ?? tk_status(TK_OK) }
    guard status == TK_OK else { return status }
    if !choices.isEmpty {
      let status = withStrs(choices) { texts in
        sink.pointee.choices?(sink, texts.baseAddress, texts.count) ?? tk_status(TK_OK)
      }
      guard status == TK_OK else { return status }
    }
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      let shape = tensor.shape.map(Int64.init)
      let status = name.withStr { name in
        tensor.values.withUnsafeBytes { bytes in
          sink.pointee.tensor?(
            sink, name, Int32(TK_F32), shape, shape.count, bytes.baseAddress, bytes.count)
            ?? tk_status(TK_OK)
        }
      }
      guard status == TK_OK else { return status }
    }
    return tk_status(TK_OK)
  }

  /// Hands over the conversation, the answers of a pair, the label.
  private func writeTurns(
    to sink: UnsafePointer<tk_example_out_v1>, tensors: inout [String: MediaTensor]
  ) throws -> tk_status {
    let label = sink.pointee.label
    guard label != nil || !isPair && self.label == nil else { throw HostIsOlder.pairs }
    let sections = [
      (TK_SECTION_CONVERSATION, turns), (TK_SECTION_CHOSEN, chosen),
      (TK_SECTION_REJECTED, rejected),
    ]
    for (section, turns) in sections {
      for turn in turns {
        let status = try turn.write(to: sink, Int32(section), tensors: &tensors)
        guard status == TK_OK else { return status }
      }
    }
    guard let isWanted = self.label, let label else { return tk_status(TK_OK) }
    return label(sink, isWanted ? 1 : 0)
  }
}

extension Turn {
  /// Hands the turn over; the weights of its choices are added to the row's tensors.
  fileprivate func write(
    to sink: UnsafePointer<tk_example_out_v1>, _ section: Int32,
    tensors: inout [String: MediaTensor]
  ) throws -> tk_status {
    let status = writeParts(to: sink, section, tensors: &tensors)
    guard status == TK_OK, !members.isEmpty || !isTrained else { return status }
    guard let write = sink.pointee.turn_details else { throw HostIsOlder.turnDetails }
    let flags = isTrained ? 0 : UInt32(TK_TURN_UNTRAINED)
    return JSON.object(members).orderedText.withStr { write(sink, flags, $0) }
  }

  private func writeParts(
    to sink: UnsafePointer<tk_example_out_v1>, _ section: Int32,
    tensors: inout [String: MediaTensor]
  ) -> tk_status {
    let texts = parts.flatMap { part -> [String] in
      switch part {
      case .text(let text): return ["", text]
      case .media(let kind, let tensor): return [kind, tensor]
      case .choice(let weights):
        let name = "choice weights \(tensors.count)"
        tensors[name] = MediaTensor(shape: [weights.count], values: weights)
        return ["", name]
      }
    }
    return role.withStr { role in
      withStrs(texts) { texts in
        let columns = parts.indices.map { index in
          let type =
            switch parts[index] {
            case .text: TK_PART_TEXT
            case .media: TK_PART_MEDIA
            case .choice: TK_PART_CHOICE
            }
          return tk_part_v1(
            type: Int32(type), reserved: 0, media: texts[2 * index], value: texts[2 * index + 1])
        }
        return sink.pointee.turn?(sink, section, role, columns, columns.count)
          ?? tk_status(TK_E_INTERNAL)
      }
    }
  }
}

/// A row that an older host would read as another one.
private enum HostIsOlder {
  static let turnDetails = PluginError(
    .unsupported,
    "a message has more than role and content, or is not trained, which this host (older than ABI "
      + "1.4) cannot read")
  static let templateVariables = PluginError(
    .unsupported,
    "the row has variables of the chat template (tools), which this host (older than ABI 1.4) "
      + "cannot read")
  static let pairs = PluginError(
    .unsupported,
    "the row is a preference pair or has a label, which this host (older than ABI 1.5) cannot read")
}

/// Lends several texts at once: their bytes lie behind one another in one block.
func withStrs<R>(_ texts: [String], _ body: (UnsafeBufferPointer<tk_str>) -> R) -> R {
  let block = texts.flatMap { Array($0.utf8) }.map { CChar(bitPattern: $0) }
  return block.withUnsafeBufferPointer { bytes in
    var offset = 0
    let columns = texts.map { text in
      defer { offset += text.utf8.count }
      return tk_str(ptr: bytes.baseAddress.map { $0 + offset }, len: text.utf8.count)
    }
    return columns.withUnsafeBufferPointer(body)
  }
}

extension [Prediction] {
  /// Copies the host's columns.
  init(_ columns: tk_predictions_v1) throws {
    try self.init(
      (0..<columns.count).map { index in
        guard let indices = columns.indices, let texts = columns.texts,
          let examples = columns.examples_json
        else { throw PluginError(.internal, "the host left out a column of predictions") }
        let scores = UnsafeBufferPointer(
          start: columns.choice_log_likelihoods?[index], count: columns.choice_counts?[index] ?? 0)
        let judged = UnsafeBufferPointer(
          start: columns.scores?[index], count: columns.score_counts?[index] ?? 0)
        let reference = columns.references?[index]
        return Prediction(
          index: Int(indices[index]), text: texts[index].string,
          example: try Example(json: JSON(parsing: examples[index].string)),
          choiceLogLikelihoods: [Double](scores), scores: [Double](judged),
          reference: reference?.ptr == nil ? nil : reference?.string)
      })
  }
}
