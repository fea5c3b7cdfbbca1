/// The name of `candidates` that `name` was probably meant to be: the one with the fewest edits, if that is
/// no more than a third of its letters; ties go to the first.
public func nearestName(to name: String, among candidates: some Sequence<String>) -> String? {
    // Nobody means a name with a text of this length, and comparing it would take long.
    guard name.utf8.count <= 400 else { return nil }
    var best: (name: String, distance: Int)?
    for candidate in candidates {
        let distance = editDistance(Array(name.lowercased()), Array(candidate.lowercased()))
        if distance <= max(2, candidate.count / 3), distance < best?.distance ?? .max, distance < candidate.count {
            best = (candidate, distance)
        }
    }
    return best?.name
}

/// The sentence part ` (did you mean 'x'?)`, or nothing.
public func nearestNameHint(for name: String, among candidates: some Sequence<String>) -> String {
    nearestName(to: name, among: candidates).map { " (did you mean '\($0)'?)" } ?? ""
}

/// Levenshtein's edit distance with adjacent transpositions counted as one edit.
private func editDistance(_ first: [Character], _ second: [Character]) -> Int {
    var beforePrevious: [Int] = []
    var previous = Array(0...second.count)
    for (row, letter) in first.enumerated() {
        var current = [row + 1]
        for (column, other) in second.enumerated() {
            var distance = min(previous[column + 1] + 1, current[column] + 1, previous[column] + (letter == other ? 0 : 1))
            if row > 0, column > 0, letter == second[column - 1], first[row - 1] == other {
                distance = min(distance, beforePrevious[column - 1] + 1)
            }
            current.append(distance)
        }
        beforePrevious = previous
        previous = current
    }
    return previous[second.count]
}
