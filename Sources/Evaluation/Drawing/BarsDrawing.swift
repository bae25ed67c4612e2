import Tasks

extension Chart.Bars {
  private var ends: [Double] {
    series.flatMap { ($0.values + $0.low + $0.high).compactMap(\.self) }
  }

  /// What the pointer reads: "series, category: value [low, high]".
  private func label(_ list: Series, _ place: Int, _ value: Double) -> String {
    let number = fixedPoint(value, decimals: 3)
    guard let low = bound(list.low, place), let high = bound(list.high, place) else {
      return "\(list.name), \(categories[place]): \(number)"
    }
    return "\(list.name), \(categories[place]): \(number) "
      + "[\(fixedPoint(low, decimals: 3)), \(fixedPoint(high, decimals: 3))]"
  }

  private func bound(_ bounds: [Double?], _ place: Int) -> Double? {
    bounds.indices.contains(place) ? bounds[place] : nil
  }

  /// Lying bars, so that long names stay legible: a group for each category.
  func drawing(title: String) -> String {
    let thick = 11.0, gap = 10.0, top = 8.0, right = 560.0
    let left = 16 + min(220, categories.map(labelWidth).max() ?? 0)
    let group = thick * Double(max(1, series.count)) + gap
    let bottom = top + group * Double(categories.count)
    var canvas = Canvas(width: right + 24, height: bottom + 48)
    let across = LinearScale(value, values: ends, holdsZero: true, from: left, to: right)
    for tick in across.ticks {
      canvas.line(across(tick), top, across(tick), bottom, style: "grid")
      canvas.text(across.name(tick), across(tick), bottom + 14, .middle)
    }
    canvas.text(value.label, (left + right) / 2, bottom + 36, .middle, style: "axis")
    for (place, category) in categories.enumerated() {
      let y = top + group * Double(place) + gap / 2
      canvas.text(category, left - 8, y + (group - gap) / 2, .end)
      for (index, list) in series.enumerated() {
        guard let value = list.values[place] else { continue }
        let row = y + thick * Double(index), ends = [across(0), across(value)].sorted()
        canvas.box(
          ends[0], row + 0.5, ends[1] - ends[0], thick - 1, style: "c\(index % Palette.count)",
          label: label(list, place, value))
        if let low = bound(list.low, place), let high = bound(list.high, place) {
          let middle = row + thick / 2
          canvas.line(across(low), middle, across(high), middle, style: "whisker")
          for end in [low, high] {
            canvas.line(across(end), middle - 3, across(end), middle + 3, style: "whisker")
          }
        }
      }
    }
    canvas.line(across(0), top, across(0), bottom, style: "zero")
    return canvas.svg(title: title)
  }

  /// Standing bars without room between neighbouring ranges.
  func histogram(title: String) -> String {
    let left = 56.0, top = 12.0, right = 560.0, bottom = 300.0
    var canvas = Canvas(width: right + 24, height: bottom + 36)
    let upward = LinearScale(value, values: ends, holdsZero: true, from: bottom, to: top)
    for tick in upward.ticks {
      canvas.line(left, upward(tick), right, upward(tick), style: "grid")
      canvas.text(upward.name(tick), left - 8, upward(tick), .end)
    }
    canvas.text(value.label, 12, (top + bottom) / 2, .middle, style: "axis", turn: -90)
    let group = (right - left) / Double(max(1, categories.count))
    let wide = (group - 4) / Double(max(1, series.count))
    for (place, category) in categories.enumerated() {
      let x = left + group * Double(place) + 2
      canvas.text(category, x + (group - 4) / 2, bottom + 16, .middle)
      for (index, list) in series.enumerated() {
        guard let value = list.values[place] else { continue }
        let ends = [upward(0), upward(value)].sorted()
        canvas.box(
          x + wide * Double(index), ends[0], wide, ends[1] - ends[0],
          style: "c\(index % Palette.count)", label: label(list, place, value))
      }
    }
    canvas.line(left, upward(0), right, upward(0), style: "zero")
    return canvas.svg(title: title)
  }
}
