import TaskKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Where the ratings and the movies of a data set lie.
struct RatingFiles {
  let ratings: any ByteSource, movies: any ByteSource
  /// The files themselves.
  let paths: [String]

  /// Of a folder with `ratings.csv` and `movies.csv`, or of a zip archive with both.
  init(_ source: String) throws {
    var status = stat()
    guard stat(source, &status) == 0 else {
      throw PluginError(
        .data,
        "\(source): no such folder or archive; 'data.source' must name the unpacked "
          + "MovieLens folder or its zip")
    }
    if status.st_mode & S_IFMT == S_IFDIR {
      ratings = FileSource(try OpenFile(source + "/ratings.csv"))
      movies = FileSource(try OpenFile(source + "/movies.csv"))
      paths = [ratings.name, movies.name]
      return
    }
    let file = try OpenFile(source)
    guard try ZipArchive.isArchive(file) else {
      throw PluginError(
        .data,
        "\(source): neither a folder nor a zip archive; 'data.source' must name the unpacked "
          + "MovieLens folder or its zip")
    }
    let archive = try ZipArchive(file)
    ratings = try archive.source(named: "ratings.csv")
    movies = try archive.source(named: "movies.csv")
    paths = [source]
  }
}
