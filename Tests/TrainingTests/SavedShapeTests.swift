import Layers
import Tensors
import Testing
import Training

@Suite struct SavedShapeTests {
  /// A convolution's weight is a matrix here and has three axes in files; rows are vectors there.
  @Test func axesInFiles() {
    let matrix = Tensor(rows: 4, columns: 6, repeating: 0),
      row = matrix.reshaped(rows: 1, columns: 24)
    #expect(
      NamedTensor(name: "conv.weight", tensor: matrix, shape: [4, 2, 3]).source().shape == [
        4, 2, 3,
      ])
    #expect(NamedTensor(name: "q_proj.weight", tensor: matrix).source().shape == [4, 6])
    #expect(NamedTensor(name: "norm.weight", tensor: row).source().shape == [24])
  }
}
