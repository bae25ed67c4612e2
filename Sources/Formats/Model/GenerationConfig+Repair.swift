import JSON
import OrderedCollections

extension GenerationConfig {
  /// generation_config.json as transformers lets it be saved, for the model in `folder`, whose answers
  /// end with `stops` too; nil where none is there and none is needed, since config.json says as much.
  ///
  /// transformers refuses to save advice on sampling without `do_sample: true`: where the file does not
  /// say false, it says true now; where it does, the advice goes. `notes` says what was changed.
  public static func repaired(in folder: String, stops: [Int], config: ModelConfig)
    throws(FormatError) -> (text: String?, notes: [String])
  {
    let path = folder + "/" + fileName, isThere = FileSystem.exists(path)
    let json = isThere ? try JSONValue(readingFile: path) : .emptyObject
    guard var members = json.object else {
      throw FormatError(.malformed, path, "holds \(json.kind) where an object is needed")
    }
    let old = try ConfigReader(members: members, path: path).tokens("eos_token_id")
    let ends = old.isEmpty ? config.endTokens : old
    let new = stops.filter { !ends.contains($0) }
    guard isThere || !new.isEmpty else { return (nil, []) }
    var notes: [String] = []
    if !new.isEmpty || old.isEmpty {
      let all = ends + new
      members["eos_token_id"] = all.count == 1 ? .int(all[0]) : .array(all.map(JSONValue.int))
    }
    if !new.isEmpty {
      notes.append(
        "\(fileName): eos_token_id names \(new.map(String.init).joined(separator: ", ")) too, with "
          + "which the chat template ends an answer")
    }
    let advice = members.keys.filter { advises($0, members[$0] ?? .null) }
    if !advice.isEmpty, members["do_sample"]?.bool != true {
      let names = advice.joined(separator: ", ")
      if members["do_sample"]?.bool == false {
        for key in advice { members[key] = nil }
        notes.append("\(fileName): \(names) taken out, since do_sample is false")
      } else {
        members["do_sample"] = true
        notes.append("\(fileName): do_sample is true now, without which \(names) cannot be saved")
      }
    }
    return (JSONValue.object(members).text(.pretty) + "\n", notes)
  }

  /// What transformers takes for advice on sampling, with the values that are none.
  private static let samplingKeys: [String: [Double]] = [
    "temperature": [1], "top_p": [1], "top_k": [0, 50], "min_p": [0], "typical_p": [1],
    "epsilon_cutoff": [0], "eta_cutoff": [0],
  ]

  private static func advises(_ key: String, _ value: JSONValue) -> Bool {
    guard let neutral = samplingKeys[key], let value = value.double else { return false }
    return !neutral.contains(value)
  }
}
