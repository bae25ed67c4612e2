import Tasks

extension Chart.Scatter {
  /// The points in a square frame.
  func drawing(title: String) -> String {
    let side = 420.0, left = 56.0, top = 12.0
    var canvas = Canvas(width: left + side + 24, height: top + side + 52)
    let points = series.flatMap(\.points)
    let across = LinearScale(x, values: points.map(\.x), from: left, to: left + side)
    let upward = LinearScale(y, values: points.map(\.y), from: top + side, to: top)
    for tick in across.ticks {
      canvas.line(across(tick), top, across(tick), top + side, style: "grid")
      canvas.text(across.name(tick), across(tick), top + side + 14, .middle)
    }
    for tick in upward.ticks {
      canvas.line(left, upward(tick), left + side, upward(tick), style: "grid")
      canvas.text(upward.name(tick), left - 8, upward(tick), .end)
    }
    canvas.text(x.label, left + side / 2, top + side + 38, .middle, style: "axis")
    canvas.text(y.label, 12, top + side / 2, .middle, style: "axis", turn: -90)
    let low = max(across.low, upward.low), high = min(across.high, upward.high)
    if showsIdentity, low < high {
      canvas.line(across(low), upward(low), across(high), upward(high), style: "identity")
    }
    for (index, list) in series.enumerated() where joins {
      canvas.path(
        list.points.map { (across($0.x), upward($0.y)) }, style: "curve k\(index % Palette.count)",
        label: list.name)
    }
    for (index, list) in series.enumerated() where !joins {
      for point in list.points {
        let place =
          "\(x.label) \(fixedPoint(point.x, decimals: 2)), "
          + "\(y.label) \(fixedPoint(point.y, decimals: 2))"
        canvas.dot(
          across(point.x), upward(point.y), style: "dot c\(index % Palette.count)",
          label: "\(list.name): \(place)")
      }
    }
    return canvas.svg(title: title)
  }
}
