import Formats
import Layers
import Ranks
import Tensors

extension AdamW {
  /// The moments of all parameters as a file has them, whole, as `moment.<parameter>` and
  /// `variance.<parameter>`.
  func file(_ group: Group) -> SpreadFile {
    let owned = ownership.map { (0..<$0.group.count).map($0.runs) } ?? [runs]
    return SpreadFile(
      "the moments", group, parameters, owned,
      parameters.indices.flatMap { index in
        let name = parameters[index].name
        return [
          entry("moment." + name, index, isVariance: false),
          entry("variance." + name, index, isVariance: true),
        ]
      })
  }

  private func entry(_ name: String, _ parameter: Int, isVariance: Bool) -> SpreadFile.Entry {
    SpreadFile.Entry(
      name: name, parameter: parameter,
      value: { (run) throws(FormatError) in
        let moments = try self.moments(of: run)
        return isVariance ? moments.variance : moments.moment
      },
      set: { (value, run) throws(FormatError) in
        var moments = try self.moments(of: run)
        if isVariance { moments.variance = value } else { moments.moment = value }
        try self.set(moments, of: run)
      })
  }
}

extension [NamedTensor] {
  /// Gives all ranks the numbers that rank 0 has.
  func spread(in group: Group) throws {
    guard !group.isAlone else { return }
    for named in self {
      let tensor = named.tensor
      let bytes = try group.broadcast(
        "'\(named.name)'", tensor.withBytes { [UInt8]($0) }, from: 0)
      if !group.isFirst { bytes.withUnsafeBytes { tensor.assign($0, to: 0..<tensor.count) } }
    }
  }
}
