import Torch

/// The scores and maps of the first so many test images, or of a range of them.
package struct PartialScoring {
    /// One score an image.
    package var scores: [Double] = []
    /// All maps one after the other, `[N, S, S]` row by row; empty unless they are kept, and from a scorer without maps.
    package var maps: [Float] = []
    /// Side S of a map; 0 without maps.
    package var mapSide = 0

    package init() {}

    /// Images that are scored.
    package var count: Int { scores.count }

    /// What a checkpoint keeps.
    var tensors: [(name: String, tensor: Tensor)] {
        get throws {
            [("scores", try Tensor(scores))] + (maps.isEmpty ? [] : [("maps", try Tensor(maps))])
        }
    }

    /// From what ``tensors`` gave.
    /// - Throws: ``TrainingError`` when they do not fit each other.
    init(_ tensors: [String: Tensor], mapSide: Int, name: String) throws {
        guard let given = tensors["scores"] else { return }
        let maps = try tensors["maps"]?.elements(Float.self) ?? []
        scores = try given.elements(Double.self)
        guard given.shape.count == 1, mapSide < 1 << 16, maps.isEmpty || maps.count == scores.count * mapSide * mapSide else {
            throw TrainingError("the checkpoint '\(name)' has \(maps.count) numbers of maps for \(scores.count) scored images")
        }
        self.maps = maps
        self.mapSide = mapSide
    }

    /// Puts ranges that were scored apart together, in their order.
    /// - Throws: ``TrainingError`` when some have maps and others none, or maps of another size.
    package init(merging parts: [PartialScoring]) throws {
        for part in parts {
            guard part.mapSide == parts[0].mapSide, part.maps.isEmpty == parts[0].maps.isEmpty else {
                throw TrainingError("the parts of a scoring have maps of different sizes")
            }
            scores += part.scores
            maps += part.maps
        }
        mapSide = parts.first?.mapSide ?? 0
    }
}
