/// A picture that belongs to a report, as data.
public struct Chart: Sendable, Hashable {
  /// What is drawn.
  public enum Content: Sendable, Hashable {
    case scatter(Scatter)
    /// Bars that touch: the categories are neighbouring ranges of a quantity.
    case histogram(Bars)
    case bars(Bars)
    case heatmap(Heatmap)
  }

  /// What stands above the picture; what stands below it, empty for nothing.
  public var title: String, caption: String
  /// What is drawn.
  public var content: Content

  /// Creates a chart.
  public init(title: String, caption: String = "", content: Content) {
    self.title = title
    self.caption = caption
    self.content = content
  }

  /// A quantity's name and the range to show.
  public struct Axis: Sendable, Hashable {
    /// The quantity, with its unit.
    public var label: String
    /// The ends of the axis; nil: where the data end.
    public var low: Double?, high: Double?

    /// Creates an axis.
    public init(_ label: String, low: Double? = nil, high: Double? = nil) {
      self.label = label
      self.low = low
      self.high = high
    }
  }

  /// Points of several series over two quantities.
  public struct Scatter: Sendable, Hashable {
    /// A place in the plane; both numbers must be finite.
    public struct Point: Sendable, Hashable {
      /// The coordinates.
      public var x: Double, y: Double

      /// Creates a point.
      public init(_ x: Double, _ y: Double) {
        self.x = x
        self.y = y
      }
    }

    /// Points of one color.
    public struct Series: Sendable, Hashable {
      /// What the legend says.
      public var name: String
      /// The points, in any order.
      public var points: [Point]

      /// Creates a series.
      public init(name: String, points: [Point]) {
        self.name = name
        self.points = points
      }
    }

    /// The points.
    public var series: [Series]
    /// The horizontal and the vertical quantity.
    public var x: Axis, y: Axis
    /// Whether the line y = x is drawn.
    public var showsIdentity: Bool
    /// Whether a series is a line through its points, in their order.
    public var joins: Bool

    /// Creates a scatter plot.
    public init(
      series: [Series], x: Axis, y: Axis, showsIdentity: Bool = false, joins: Bool = false
    ) {
      self.joins = joins
      self.series = series
      self.x = x
      self.y = y
      self.showsIdentity = showsIdentity
    }
  }

  /// Values of several series over the same categories.
  public struct Bars: Sendable, Hashable {
    /// One bar for each category.
    public struct Series: Sendable, Hashable {
      /// What the legend says.
      public var name: String
      /// The bars' ends; nil leaves a gap.
      public var values: [Double?]
      /// Ends of the values' intervals; empty for none.
      public var low: [Double?], high: [Double?]

      /// Creates a series.
      public init(name: String, values: [Double?], low: [Double?] = [], high: [Double?] = []) {
        self.name = name
        self.values = values
        self.low = low
        self.high = high
      }
    }

    /// What the groups of bars stand for.
    public var categories: [String]
    /// The bars.
    public var series: [Series]
    /// The quantity.
    public var value: Axis

    /// Creates bars.
    public init(categories: [String], series: [Series], value: Axis) {
      self.categories = categories
      self.series = series
      self.value = value
    }
  }

  /// Numbers in a grid of colors.
  public struct Heatmap: Sendable, Hashable {
    /// What rows and columns stand for.
    public var rows: [String], columns: [String]
    /// A row of values for each of `rows`; nil leaves a cell empty.
    public var values: [[Double?]]
    /// The values of the scale's ends; nil: the least and the greatest value.
    public var low: Double?, high: Double?

    /// Creates a heatmap.
    public init(
      rows: [String], columns: [String], values: [[Double?]], low: Double? = nil,
      high: Double? = nil
    ) {
      self.rows = rows
      self.columns = columns
      self.values = values
      self.low = low
      self.high = high
    }
  }
}
