/// The published numbers as tables, and how they are read. A table's first line names its columns, data set and metric;
/// every other line is a method, with settings in brackets where they are not its defaults, and its numbers in percent,
/// the standard deviation in parentheses; `-` where there is none.
enum PublishedTables {
    struct Table {
        let source: PublishedResult.Source
        let text: String
    }

    static let results: [PublishedResult] = tables.flatMap { rows(of: $0) }

    private static func rows(of table: Table) -> [PublishedResult] {
        let lines = table.text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        guard let columns = lines.first?.map({ $0.split(separator: "/").map(String.init) }) else { return [] }
        return lines.dropFirst().flatMap { words -> [PublishedResult] in
            precondition(words.count == columns.count + 1, "a row of \(table.source.name) has as many numbers as columns: \(words)")
            let head = words[0].split(whereSeparator: { "[]".contains($0) }).map(String.init)
            let settings = head.dropFirst().first.map(settings(of:)) ?? [:]
            return zip(columns, words.dropFirst()).compactMap { column, word in
                guard word != "-" else { return nil }
                let numbers = word.split(whereSeparator: { "()".contains($0) }).map { Double($0)! }
                return PublishedResult(
                    method: head[0], settings: settings, dataset: column[0], metric: column[1], mean: numbers[0],
                    deviation: numbers.count > 1 ? numbers[1] : nil, source: table.source)
            }
        }
    }

    private static func settings(of text: String) -> Settings {
        text.split(separator: ",").reduce(into: [:]) { settings, pair in
            let parts = pair.split(separator: "=").map(String.init)
            settings[parts[0]] = Double(parts[1]).map { Setting($0) } ?? .text(parts[1])
        }
    }

    private static let study = "MedIAnomaly (arXiv 2404.04518; Medical Image Analysis 102, 2025)"

    static let tables: [Table] = [
        Table(
            source: .init(
                name: "table 6",
                title: "\(study), table 6, RSNA and VinDr-CXR, as transcribed in uet-dis/AMBER; standard deviations from a public notebook's transcription",
                isStudy: true),
            text: """
                rsna/auc rsna/ap vincxr/auc vincxr/ap
                ae 67.5(0.9) 66.7(0.5) 56.4 60.2
                ae-l1 68.1(0.4) 67.9(0.4) 57.6 61.1
                ae-ssim 80.9(0.3) 78.6(0.3) 54.5 55.2
                ae-perceptual 87.5(0.2) 84.8(0.6) 75.3 73.7
                ae[latent_size=4] 72.9 70.3 61.3 64.1
                vae 67.9(0.8) 67.0(0.8) 56.4 60.1
                constrained-ae 67.5 66.7 54.6 58.8
                memae 69.6 68.1 56.9 60.9
                ceae 68.0 66.8 56.1 60.1
                anoddpm-gaussian 52.3 57.6 41.2 42.6
                anoddpm-simplex 79.4 78.9 55.5 57.2
                autoddpm 83.6 81.4 69.4 68.6
                f-anogan 80.8 77.1 74.7 72.8
                ganomaly 80.0 76.6 62.9 62.1
                ae-u 86.5(0.9) 84.4(1.1) 76.9 75.4
                dae 86.1(0.7) 83.3(1.0) 68.6 71.3
                ae-grad 73.7(1.0) 71.0(1.1) 60.0 62.5
                vae-grad-rec 71.6(0.8) 69.3(0.9) 59.2 61.9
                vae-grad-combi 67.4(0.3) 67.3(0.4) 53.7 56.5
                fae-ssim 91.1 89.2 70.2 68.4
                fae-mse 74.2 72.4 53.1 53.2
                rd 74.7 72.7 57.8 56.0
                rdpp 78.1 75.1 57.9 55.5
                recontrast 79.5 75.2 61.4 59.7
                resnet18-imagenet 87.0 85.8 67.4 64.5
                resnet152-imagenet 86.1 84.8 64.3 61.1
                panda 88.4 86.6 67.2 64.9
                msc 89.1 88.6 63.2 61.9
                cutpaste 68.2 68.0 57.0 56.0
                cutpaste-3way 76.3 74.1 60.4 59.3
                anatpaste 88.4 85.1 71.0 69.3
                cutpaste-classifier 67.7 67.6 55.9 56.6
                cutpaste-3way-classifier 73.0 69.2 60.3 59.0
                anatpaste-classifier 76.9 69.9 65.7 59.3
                cutpaste-segmentation 57.4 59.9 56.1 56.8
                fpi 46.3 53.9 46.6 48.4
                pii 81.9 82.3 65.7 65.3
                nsa 82.4 83.8 62.0 63.4
                """),
        Table(
            source: .init(
                name: "table 6", title: "\(study), table 6, quoted by the QBAE paper (Hanaoka et al., 2026); DAE's on BraTS2021 by Anamitra-Sarkar/DAE-method",
                isStudy: true),
            text: """
                rsna/auc vincxr/auc brain/auc lag/auc isic/auc c16/auc brats/auc brats/ap
                dae 86.1 68.6 83.2 71.6 70.0 65.4 85.9(1.0) 93.4(0.5)
                ae-perceptual 87.5 75.3 95.7 85.6 68.4 76.1 85.1 -
                msc - - 97.3 - - - - -
                anatpaste - - - - 80.7 - - -
                autoddpm - - - - - 80.7 - -
                """),
        Table(
            source: .init(name: "table 7", title: "\(study), table 7, as transcribed in a public notebook", isStudy: true),
            text: """
                brats/pixel_ap brats/best_dice
                dae 75.5(0.7) 71.1(0.6)
                ae-perceptual 44.8(0.4) 45.2(0.2)
                vae 44.0(5.3) 47.1(3.4)
                vae-grad-rec 35.6(1.2) 42.1(0.6)
                ae 33.2(2.2) 39.2(1.7)
                constrained-ae 30.9(3.9) 37.5(3.1)
                ae-grad 29.9(1.0) 36.6(0.5)
                ceae 28.6(3.2) 35.8(2.4)
                ae-l1 26.5(3.7) 34.4(3.1)
                ae-ssim 25.7(0.4) 35.7(0.4)
                vae-grad-combi 24.3(1.2) 32.9(1.5)
                memae 22.8(5.6) 30.8(4.8)
                ae-u 22.2(4.0) 35.9(4.4)
                """),
        Table(
            source: .init(
                name: "AE4AD, table 1", title: "Cai et al., MICCAI 2024 (AE4AD; the same authors and code), table 1", isStudy: true),
            text: """
                rsna/auc rsna/ap vincxr/auc vincxr/ap brain/auc brain/ap brats/auc brats/ap brats/pixel_ap brats/best_dice
                ae[latent_size=128] 60.5(0.6) 60.3(0.4) 48.6(0.2) 51.9(0.3) 86.5(0.3) 76.9(0.4) 80.5(0.9) 90.5(0.7) 25.6(2.9) 32.7(2.3)
                ae[latent_size=64] 60.7(0.6) 60.7(0.6) 49.0(0.2) 52.0(0.3) 86.8(0.1) 77.2(0.2) 81.3(0.2) 91.0(0.2) 20.8(3.1) 28.8(2.8)
                ae[latent_size=32] 62.8(0.4) 62.5(0.2) 52.5(0.4) 55.6(0.5) 87.1(0.2) 77.8(0.2) 82.1(0.3) 91.6(0.1) 25.2(3.8) 32.7(3.3)
                ae[latent_size=16] 67.5(0.9) 66.7(0.5) 56.4(0.4) 60.2(0.5) 85.9(0.3) 76.9(0.1) 82.6(0.1) 92.0(0.1) 33.2(2.2) 39.2(1.7)
                ae[latent_size=8] 69.4(1.2) 68.3(0.8) 57.4(0.3) 61.7(0.3) 84.1(0.6) 75.5(0.8) 81.0(0.5) 90.9(0.3) 36.1(7.9) 42.3(5.9)
                ae[latent_size=4] 72.9(2.1) 70.3(0.9) 61.3(0.6) 64.1(0.8) 70.8(1.4) 64.1(1.0) 79.4(0.1) 89.6(0.3) 33.4(5.4) 40.0(4.2)
                ae[latent_size=2] 67.5(0.8) 65.4(1.0) 60.5(0.3) 59.7(0.2) 47.3(1.7) 48.3(1.0) 77.2(0.3) 87.5(0.1) 30.0(2.5) 38.0(1.7)
                ae[latent_size=1] 66.5(0.4) 63.6(0.9) 59.4(1.6) 58.6(1.6) 36.6(0.3) 42.4(0.6) 72.8(0.8) 84.5(0.7) 35.9(5.1) 40.8(3.4)
                """),
        Table(
            source: .init(
                name: "AE4AD, table 2", title: "Cai et al., MICCAI 2024 (AE4AD; the same authors and code), table 2", isStudy: true),
            text: """
                rsna/auc rsna/ap vincxr/auc vincxr/ap brain/auc brain/ap brats/auc brats/ap brats/pixel_ap brats/best_dice
                ae 67.5 66.7 56.4 60.2 85.9(0.3) 76.9(0.1) 82.6(0.1) 92.0(0.1) 33.2 39.2
                vae 67.9 67.0 56.4 60.1 85.3(0.4) 76.5(0.3) 80.6(0.8) 90.9(0.5) 44.0 47.1
                memae 69.6 68.1 56.9 60.9 82.6(0.6) 74.3(0.2) 63.9(7.7) 78.5(6.9) 22.8 30.8
                ceae 68.0 66.8 56.1 60.1 85.3(1.5) 76.0(1.5) 81.7(1.5) 91.5(0.7) 28.6 35.8
                """),
        Table(
            source: .init(
                name: "DAE re-run", title: "Anamitra-Sarkar/DAE-method, the study's code run again with seed 0", isStudy: false),
            text: """
                brats/auc brats/ap brats/pixel_auc brats/pixel_ap brats/best_dice
                dae 85.70 93.29 96.75 74.95 70.58
                """),
        Table(
            source: .init(name: "notebook re-run", title: "a public notebook, the study's code run again", isStudy: false),
            text: """
                rsna/auc
                ae 68.3
                ae-u 86.9
                ae-perceptual 87.6
                dae[input_size=64,batch_size=64] 83.9
                """),
        Table(
            source: .init(
                name: "one-stage re-run", title: "mahfuzmohammad/AUCp, logs of single runs of the study's one-stage code", isStudy: false),
            text: """
                rsna/auc rsna/ap vincxr/auc vincxr/ap brain/auc brain/ap lag/auc lag/ap isic/auc isic/ap c16/auc c16/ap brats/auc brats/ap brats/pixel_ap brats/best_dice
                cutpaste-segmentation 61.2 61.3 56.3 54.7 22.1 35.2 48.9 50.3 54.4 43.8 64.2 57.9 46.5 68.4 7.6 13.9
                fpi 49.4 57.5 43.8 46.9 29.3 37.8 60.0 59.0 67.5 55.0 63.0 58.8 51.4 69.4 5.7 13.2
                pii 81.2 81.7 56.7 57.4 24.3 35.6 39.3 43.6 46.6 37.7 37.2 41.2 84.2 90.5 44.9 45.9
                nsa 80.5 79.0 50.0 52.3 78.5 82.7 61.8 64.2 64.4 47.0 60.8 58.7 87.3 90.6 53.2 52.7
                """),
    ]
}
