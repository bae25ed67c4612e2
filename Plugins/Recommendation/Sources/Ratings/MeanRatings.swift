/// Mean ratings of movies and users, in stars, over the ratings that training may know.
struct MeanRatings: Sendable {
  private let movies: [Float], users: [Float]
  /// Of all these ratings.
  let overall: Float

  /// Where a movie or a user has no such rating, the mean of all stands in.
  init(_ table: RatingTable, _ windows: Windows, movies count: Int) {
    var sums = [Double](repeating: 0, count: count), counts = [Int](repeating: 0, count: count)
    var userSums: [Double] = [], userCounts: [Int] = []
    for user in table.users.indices {
      let known = table.starts[user]..<windows.trainingEnds[user]
      var sum = 0.0
      for event in known {
        let rating = Double(table.ratings[event])
        sum += rating
        sums[Int(table.movies[event])] += rating
        counts[Int(table.movies[event])] += 1
      }
      userSums.append(sum)
      userCounts.append(known.count)
    }
    let total = userSums.reduce(0, +) / Double(max(1, userCounts.reduce(0, +)))
    overall = Float(total)
    func means(_ sums: [Double], _ counts: [Int]) -> [Float] {
      zip(sums, counts).map { Float($1 == 0 ? total : $0 / Double($1)) }
    }
    movies = means(sums, counts)
    users = means(userSums, userCounts)
  }

  /// Of the movie at a place of the movie table.
  func movie(_ place: UInt32) -> Float { movies[Int(place)] }

  /// Of the user at a place of the rating table.
  func user(_ place: Int) -> Float { users[place] }
}
