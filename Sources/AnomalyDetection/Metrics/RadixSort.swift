/// Sorts whole numbers in place, ascending, by their bytes from the highest down ("American flag sort", McIlroy, Bostic
/// and McIlroy, 1993): no second array, and several times as fast as comparing.
func radixSort<Key: FixedWidthInteger & UnsignedInteger>(_ keys: UnsafeMutableBufferPointer<Key>) {
    radixSort(keys, shift: Key.bitWidth - 8)
}

private func radixSort<Key: FixedWidthInteger & UnsignedInteger>(_ keys: UnsafeMutableBufferPointer<Key>, shift: Int) {
    guard keys.count > 48 else { return insertionSort(keys) }
    withUnsafeTemporaryAllocation(of: Int.self, capacity: 512) { places in
        // Where the next key of each byte goes, and where the keys of that byte end.
        let (next, end) = (places.baseAddress!, places.baseAddress! + 256)
        places.initialize(repeating: 0)
        for key in keys { end[Int(truncatingIfNeeded: key &>> shift) & 255] += 1 }
        var total = 0
        for byte in 0..<256 {
            next[byte] = total
            total += end[byte]
            end[byte] = total
        }
        for byte in 0..<256 {
            while next[byte] < end[byte] {
                // Follows a chain of displaced keys until one belongs here.
                var key = keys[next[byte]]
                var place = Int(truncatingIfNeeded: key &>> shift) & 255
                while place != byte {
                    swap(&key, &keys[next[place]])
                    next[place] += 1
                    place = Int(truncatingIfNeeded: key &>> shift) & 255
                }
                keys[next[byte]] = key
                next[byte] += 1
            }
        }
        guard shift > 0 else { return }
        for byte in 0..<256 {
            let start = byte == 0 ? 0 : end[byte - 1]
            guard end[byte] - start > 1 else { continue }
            radixSort(UnsafeMutableBufferPointer(rebasing: keys[start..<end[byte]]), shift: shift - 8)
        }
    }
}

private func insertionSort<Key: Comparable>(_ keys: UnsafeMutableBufferPointer<Key>) {
    for index in keys.indices.dropFirst() {
        let key = keys[index]
        var place = index
        while place > 0, keys[place - 1] > key {
            keys[place] = keys[place - 1]
            place -= 1
        }
        keys[place] = key
    }
}
