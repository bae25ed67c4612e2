import JSON

/// What a model that listens needs to know of clips in its text.
public struct AudioTokens: Sendable {
  /// The token that the template writes for a clip, and its text.
  public let id: Int32, text: String
  /// Mel bins of the features that the encoder reads; the most frames of 10 ms that it hears.
  public let melBins: Int, mostFrames: Int
  /// How many tokens a clip of so many frames becomes.
  public let count: @Sendable (_ frames: Int) -> Int

  /// Describes a model's clips.
  public init(
    id: Int32, text: String, melBins: Int, mostFrames: Int,
    count: @escaping @Sendable (_ frames: Int) -> Int
  ) {
    self.id = id
    self.text = text
    self.melBins = melBins
    self.mostFrames = mostFrames
    self.count = count
  }
}

extension ConversationEncoder {
  /// A turn as the template reads it: its text, or, where it holds clips, a list of parts.
  func message(_ turn: Turn, label: String) throws(TaskError) -> JSONValue {
    var content: [JSONValue] = []
    for part in turn.parts {
      switch part {
      case .text(let text): content.append(try piece(text, label: label))
      case .choice(let choice): content.append(try piece(choice.text, label: label))
      case .media(let kind, let tensor):
        guard kind == "audio", audio != nil else {
          let reads = audio == nil ? "reads text only" : "reads text and audio only"
          throw TaskError(
            .unsupported,
            "\(label): the \(turn.role) turn holds \(kind) '\(tensor)', but this model \(reads)")
        }
        content.append(["type": "audio", "audio_url": .string(tensor)])
      }
    }
    let hasMedia = content.contains { $0["type"] == "audio" }
    return hasMedia ? turn.message.setting("content", .array(content)) : turn.message
  }

  private func piece(_ text: String, label: String) throws(TaskError) -> JSONValue {
    if let audio, text.contains(audio.text) {
      throw TaskError(
        .data,
        "\(label): the text holds '\(audio.text)', which stands for a clip in this model's prompts; "
          + "take it out")
    }
    return ["type": "text", "text": .string(text)]
  }

  /// Features of the clips that `turns` name, in order, checked against what the model hears.
  func clips(_ turns: [Turn], _ tensors: [String: MediaTensor], label: String)
    throws(TaskError) -> [MediaTensor]
  {
    guard let audio else { return [] }
    var clips: [MediaTensor] = []
    for case .media(_, let name) in turns.flatMap(\.parts) {
      guard let tensor = tensors[name] else {
        throw TaskError(.internal, "\(label): the clip '\(name)' has no tensor")
      }
      guard tensor.shape.count == 2, tensor.shape[0] == audio.melBins, tensor.shape[1] > 2 else {
        throw TaskError(
          .data,
          "\(label): the clip '\(name)' has the shape \(tensor.shape), but this model reads "
            + "[\(audio.melBins), frames + 2]")
      }
      let frames = tensor.shape[1] - 2
      guard frames <= audio.mostFrames, audio.count(frames) > 0 else {
        throw TaskError(
          .data,
          "\(label): the clip '\(name)' has \(frames) frames of 10 ms, but this model hears 3 to "
            + "\(audio.mostFrames)")
      }
      clips.append(tensor)
    }
    return clips
  }

  /// The sample with each clip's token repeated as often as the clip has tokens.
  func expanded(_ sample: Sample, _ clips: [MediaTensor]) throws(TaskError) -> Sample {
    guard let audio else { return sample }
    let marks = sample.ids.count { $0 == audio.id }
    guard marks == clips.count else {
      throw TaskError(
        .data,
        "\(sample.source): the chat template writes \(marks) '\(audio.text)' for \(clips.count) "
          + "clips; is it this model's own template?")
    }
    guard !clips.isEmpty else { return sample }
    var result = Sample(
      ids: [], isTrained: [], source: sample.source, omission: sample.omission, role: sample.role)
    var rest = clips[...], choices = sample.choices[...]
    for (place, id) in sample.ids.enumerated() {
      if var choice = choices.first, choice.place == place {
        choice.place = result.ids.count
        result.choices.append(choice)
        choices.removeFirst()
      }
      let clip = id == audio.id ? rest.popFirst() : nil
      let count = clip.map { audio.count($0.shape[1] - 2) } ?? 1
      if let clip {
        let first = result.ids.count
        result.media.append(Sample.Medium(places: first..<first + count, features: clip))
      }
      result.ids += Array(repeating: id, count: count)
      result.isTrained += Array(repeating: clip == nil && sample.isTrained[place], count: count)
    }
    return result
  }
}
