/// Things that will happen, on a clock of their own. Equal times happen in the order they were planned.
final class Timeline {
    private struct Entry {
        let time: Double
        let number: Int
        let body: () throws -> Void

        func isBefore(_ other: Entry) -> Bool { (time, number) < (other.time, other.number) }
    }

    private(set) var now = 0.0
    private var heap: [Entry] = []
    private var next = 0

    /// Plans `body` for `delay` seconds from now.
    func after(_ delay: Double, _ body: @escaping () throws -> Void) {
        heap.append(Entry(time: now + delay, number: next, body: body))
        next += 1
        var place = heap.count - 1
        while place > 0, heap[place].isBefore(heap[(place - 1) / 2]) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    /// Lets the next thing happen; false when nothing is left.
    func step() throws -> Bool {
        guard let first = heap.first else { return false }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        now = max(now, first.time)
        try first.body()
        return true
    }

    private func sink() {
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count && heap[child].isBefore(heap[least]) { least = child }
            guard least != place else { return }
            heap.swapAt(place, least)
            place = least
        }
    }
}
