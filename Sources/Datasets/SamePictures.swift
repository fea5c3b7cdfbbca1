/// Pictures that are in a data set more than once, whatever their files are called and in which format they are.
struct SamePictures {
    /// In training and test, or normal and abnormal: scores on them mean nothing.
    private(set) var leaks: [DatasetProblem] = []
    /// Twice in the same class.
    private(set) var duplicates: [DatasetProblem] = []

    /// - Parameter pictures: the entries of training and then of test, with what they show.
    init(_ folder: ImageFolder, _ pictures: [(entry: ImageEntry, picture: Picture?)]) {
        let trainCount = folder.train.count
        var groups: [String: [Int]] = [:]
        var order: [String] = []
        for (index, picture) in pictures.enumerated() {
            guard let digest = picture.picture?.digest else { continue }
            if groups[digest] == nil { order.append(digest) }
            groups[digest, default: []].append(index)
        }
        for digest in order {
            let members = groups[digest]!
            guard members.count > 1 else { continue }
            let files = members.map { folder.place(of: pictures[$0].entry) }
            func first(_ isMember: (Int) -> Bool) -> String? {
                members.firstIndex { isMember($0) }.map { files[$0] }
            }
            let training = first { $0 < trainCount }
            let normal = first { $0 >= trainCount && !pictures[$0].entry.isAbnormal }
            let abnormal = first { $0 >= trainCount && pictures[$0].entry.isAbnormal }
            if let training, let test = normal ?? abnormal {
                leaks.append(
                    .init(.leak, "the same picture is in training ('\(training)') and test ('\(test)'); take it out of one", files: files))
            } else if let normal, let abnormal {
                leaks.append(
                    .init(.leak, "the same picture is normal ('\(normal)') and abnormal ('\(abnormal)'); take it out of one", files: files))
            } else {
                let others = members.count > 2 ? " and \(members.count - 2) more" : ""
                duplicates.append(.init(.duplicate, "'\(files[0])' and '\(files[1])'\(others) show the same picture", files: files))
            }
        }
    }
}
