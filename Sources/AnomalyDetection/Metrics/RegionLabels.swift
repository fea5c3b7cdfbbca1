/// Numbers the connected regions of masks, one mask after the other: abnormal pixels that touch by a side or a corner
/// are of one region.
struct RegionLabels {
    private let width: Int
    private let height: Int
    /// The region of each pixel of the mask labelled last, counted over all masks; what it says of normal pixels means
    /// nothing.
    private(set) var numbers: [UInt32]
    /// Pixels of each region of all masks so far.
    private(set) var sizes: [Int] = []
    private var open: [Int] = []

    init(width: Int, height: Int) {
        self.width = width
        self.height = height
        numbers = Array(repeating: 0, count: width * height)
    }

    private static let none = UInt32.max

    /// Labels a mask `[H, W]`, 0 where normal.
    mutating func label(_ mask: ArraySlice<UInt8>) {
        precondition(mask.count == width * height, "the mask has the stated size")
        guard mask.contains(where: { $0 != 0 }) else { return }
        for place in numbers.indices { numbers[place] = RegionLabels.none }
        for first in numbers.indices where mask[mask.startIndex + first] != 0 && numbers[first] == RegionLabels.none {
            let number = UInt32(sizes.count)
            var size = 0
            numbers[first] = number
            open.append(first)
            while let place = open.popLast() {
                size += 1
                let (row, column) = (place / width, place % width)
                for neighbourRow in max(0, row - 1)...min(height - 1, row + 1) {
                    for neighbourColumn in max(0, column - 1)...min(width - 1, column + 1) {
                        let neighbour = neighbourRow * width + neighbourColumn
                        guard mask[mask.startIndex + neighbour] != 0, numbers[neighbour] == RegionLabels.none else { continue }
                        numbers[neighbour] = number
                        open.append(neighbour)
                    }
                }
            }
            sizes.append(size)
        }
    }
}
