/// Which version of the program this is.
public enum HostVersion {
  /// The version, as records name it.
  public static let current = "0.1.0"
}
