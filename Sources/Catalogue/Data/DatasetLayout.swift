/// How a data set's folder is laid out.
public enum DatasetLayout: String, Sendable, Hashable, Codable, CaseIterable {
    /// `data.json` lists the files in `images/`: RSNA, VinDr-CXR, BrainTumor, LAG, and anyone's own.
    case lists = "data.json"
    /// ISIC 2018's two folders of images with a table of diagnoses each.
    case isic = "isic2018"
    /// `train/good`, `test/good` and `test/Ungood`.
    case camelyon = "camelyon16"
    /// `train`, `test/normal`, `test/tumor` and the masks in `test/annotation`.
    case brats = "brats2021"
    /// BMAD's: `train/good`, and `test/good` and `test/Ungood` with images in `img` and masks in `label`.
    case bmad
    /// An object of VisA: `Data/Images`, `Data/Masks`, and `split_csv/1cls.csv` beside the object's folder.
    case visa
    /// MVTec's convention: `train/good`, `test/good`, `test/<defect>` and the masks in `ground_truth/<defect>`, one of an image or a folder of
    /// several.
    case folder
}
