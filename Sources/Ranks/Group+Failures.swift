// Work that may fail at one rank, for a row's sake or a plugin's, with the same outcome at all.
extension Group {
  /// Does `body`, and returns once all ranks have done theirs. Where it fails at one of them, all
  /// throw the same: none goes on with what another one lacks, and the group goes on as it is.
  public func together<Value>(_ label: String, _ body: () throws -> Value) throws -> Value {
    guard !isAlone else { return try body() }
    let own = try outcome(of: body)
    var bytes = ParcelWriter()
    bytes.add(own.failure)
    for (other, told) in try gather(label, bytes.bytes).enumerated() {
      var reader = ParcelReader(told)
      try refuse(reader.take(Failure?.self), of: other)
    }
    return try own.get()
  }

  /// What `body` comes to. What other ranks have told of is thrown at once: all know it.
  func outcome<Value>(of body: () throws -> Value) throws -> Result<Value, Failure> {
    do { return .success(try body()) } catch let error as RanksError { throw error } catch {
      let (code, sentence) = diagnose(error)
      return .failure(Failure(code: code, sentence: sentence))
    }
  }

  /// Throws what a rank has failed with, if it has.
  func refuse(_ failure: Failure?, of rank: Int) throws(RanksError) {
    guard let failure else { return }
    throw RanksError(.shared(code: failure.code), "\(name(of: rank)): \(failure.sentence)")
  }
}

/// What a rank has failed with.
struct Failure: Error, Parcel {
  let code: Int32, sentence: String

  init(code: Int32, sentence: String) { (self.code, self.sentence) = (code, sentence) }

  func pack(into bytes: inout ParcelWriter) {
    bytes.add(code)
    bytes.add(sentence)
  }

  init(from bytes: inout ParcelReader) { (code, sentence) = (bytes.take(), bytes.take()) }
}

extension Result where Failure == Ranks.Failure {
  /// What it has failed with; nil where it has not.
  var failure: Ranks.Failure? { if case .failure(let failure) = self { failure } else { nil } }
}
