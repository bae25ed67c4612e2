import CLogMel
import FoundationEssentials
import TestSupport
import Testing

@testable import SpeechDrama

@Suite struct AudioLogMelTests {
  struct Golden: Decodable {
    struct Case: Decodable {
      var name: String, samples: Int, silentFrom: Int, columns: [Int], values: [[Float]]
    }
    var cases: [Case]
  }

  @Test func equalsWhispersExtractor() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Goldens/log_mel/log_mel.json")
    let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
    #expect(golden.cases.count == 4)
    for item in golden.cases {
      let samples = AudioSignal.sweepAndBursts(item.samples, silentFrom: item.silentFrom)
      let mel = LogMel(samples: samples)
      #expect(mel.frames == (item.samples + 159) / 160)
      for (column, values) in zip(item.columns, item.values) {
        let found = (0..<128).map { mel.values[$0 * mel.columns + column] }
        expectClose(found, values, atol: 1e-5, rtol: 0, "\(item.name), column \(column)")
      }
    }
  }

  @Test func columnsPastTheWindowAreZero() {
    let mel = LogMel(samples: AudioSignal.sweepAndBursts(480_100))
    #expect(mel.frames == 3000 && mel.columns == 3002 && mel.tokens == 750)
    for bin in 0..<128 {
      #expect(mel.values[bin * 3002 + 3000] == 0 && mel.values[bin * 3002 + 3001] == 0)
    }
  }

  /// The two columns after a clip are all that its samples can reach.
  @Test func laterColumnsWouldBeTheFloor() {
    let samples = AudioSignal.sweepAndBursts(1600)
    let short = LogMel(samples: samples)
    let long = LogMel(samples: samples + [Float](repeating: 0, count: 800))
    for bin in 0..<128 {
      for column in 0..<12 {
        #expect(short.values[bin * 12 + column] == long.values[bin * 17 + column])
      }
      for column in 12..<17 { #expect(long.values[bin * 17 + column] == long.values[12]) }
    }
  }

  @Test(arguments: [(0, 0), (2, 0), (3, 1), (4, 1), (100, 25), (101, 25), (2999, 750), (3000, 750)])
  func tokensOfFrames(frames: Int, tokens: Int) { #expect(LogMel.tokens(frames: frames) == tokens) }

  @Test func silenceIsWhispersFloor() {
    #expect(LogMel(samples: [Float](repeating: 0, count: 1600)).values.allSatisfy { $0 == -1.5 })
    #expect(LogMel(samples: []).values.count == 256)
  }

  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func hashIsSHA256(text: String, digest: String) {
    let key = FeatureCache.key(content: hash(Array(text.utf8)), channels: .average)
    #expect(key == "\(digest)-average-v1.logmel")
  }
}
