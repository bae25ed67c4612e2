import JSON
import Tasks

extension EncodedDataset.Statistics {
  /// Counts a block's rows; the digest is not touched.
  mutating func add(_ block: EncodedBlock) {
    tokens += block.ids.count
    trainedTokens += block.trainedTokens
    longest = max(longest, Int(block.lengths.max() ?? 0))
    skipped += block.skipped
    omission += block.omission
    omittingRows += block.omittingRows
  }

  /// As a kept file's summary says it.
  var json: JSONValue {
    [
      "tokens": .int(tokens), "trained_tokens": .int(trainedTokens), "longest": .int(longest),
      "sha256": .string(digest),
      "skipped": .array(
        skipped.map {
          ["row": .int($0.row), "tokens": .int($0.length), "reason": .string($0.reason)]
        }),
      "omitted": [
        "rows": .int(omittingRows), "turns": .int(omission.turns),
        "characters": .int(omission.characters),
      ],
      "notes": .array(notes.map(JSONValue.string)),
    ]
  }

  /// Reads a kept file's summary; nil where something is missing.
  init?(_ json: JSONValue) {
    guard let tokens = json["tokens"]?.int, let trained = json["trained_tokens"]?.int,
      let longest = json["longest"]?.int, let digest = json["sha256"]?.string,
      let skipped = json["skipped"]?.array, let notes = json["notes"]?.array,
      let omitting = json["omitted"]?["rows"]?.int, let turns = json["omitted"]?["turns"]?.int,
      let characters = json["omitted"]?["characters"]?.int
    else { return nil }
    (omittingRows, omission.turns, omission.characters) = (omitting, turns, characters)
    self.notes = notes.compactMap(\.string)
    (self.tokens, trainedTokens, self.longest, self.digest) = (tokens, trained, longest, digest)
    self.skipped = skipped.compactMap { entry in
      guard let row = entry["row"]?.int, let length = entry["tokens"]?.int,
        let reason = entry["reason"]?.string
      else { return nil }
      return EncodedDataset.Skipped(row: row, length: length, reason: reason)
    }
    guard self.skipped.count == skipped.count else { return nil }
  }
}
