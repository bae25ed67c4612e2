/// What Git puts in the place of a large file that it has not fetched.
enum LFSPointer {
  /// What such a file begins with.
  static let mark = "version https://git-lfs.github.com/spec"
  /// What to do about it.
  static let sentence =
    "is a Git LFS pointer, not the file itself; run `git lfs install && git lfs pull` in its folder"
}
