/// Clips, in frames of 10 ms.
public struct Sound: Sendable, Hashable {
  /// Those of the largest micro-batch together.
  public var frames: Int
  /// The longest one.
  public var longest: Int
  /// All that a run hears.
  public var all: Int

  /// Describes clips; none when left out.
  public init(frames: Int = 0, longest: Int = 0, all: Int = 0) {
    self.frames = frames
    self.longest = longest
    self.all = all
  }
}
