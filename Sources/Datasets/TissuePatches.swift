import Foundation
import Imaging

/// Patches of one immunohistochemistry image: stroma is normal, glands with DAB stain are abnormal. Nothing is drawn.
enum TissuePatches {
    static let about = """
        Patches of 32 × 32 pixels of an immunohistochemistry image of colon tissue (DAB-stained glands in \
        blue-counterstained stroma; scikit-image's ihc.png, Debian package python3-skimage). A patch is normal (stroma) \
        where at most 6 % of its pixels are brown and abnormal (the edge of a gland) where 7 % to 20 % are; a pixel is \
        brown where its DAB density by colour deconvolution (Ruifrok and Johnston, 2001) exceeds 0.20. Patches with \
        less than 60 % tissue (mean optical density above 0.05) are left out. Patches for training come from the \
        columns from 352 on, those for test from the columns before: no patch lies in both, but patches of the same \
        part overlap. Split and shares were chosen so that the set is neither trivial nor hopeless: whole glands are \
        told from stroma by their colour alone. Numbers on this set show that a program works, not how good a method is.
        """

    private static let side = 32
    private static let border = 352
    private static let leastTissue = 0.6

    static func images(of image: Image) -> DemoSet {
        let shares = PatchShares(of: image)
        var set = DemoSet(about: about)
        for y in stride(from: 0, through: image.height - side, by: 8) {
            for x in stride(from: 0, through: image.width - side, by: 8) {
                let brown = shares.brown(x: x, y: y, side: side)
                let isTest = x + side <= border
                let isNormal = brown <= 0.06
                guard isTest || x >= border, isNormal || (0.07...0.20).contains(brown),
                    shares.tissue(x: x, y: y, side: side) >= leastTissue
                else { continue }
                func item(_ kind: String) -> DemoSet.Item {
                    .init(
                        name: String(format: "\(kind)-%03d-%03d.png", y, x),
                        image: image.cropped(x: x, y: y, width: side, height: side),
                        making: ["x": Double(x), "y": Double(y), "brown": (brown * 1000).rounded() / 1000])
                }
                // Normal tissue abounds: fewer of its patches, which are less alike then.
                switch (isTest, isNormal) {
                case (false, true): if (x + y) % 16 == 0 { set.train.append(item("stroma")) }
                case (true, true): if x % 16 == 0, y % 16 == 0 { set.normal.append(item("stroma-test")) }
                case (true, false): set.abnormal.append(item("gland-test"))
                case (false, false): break
                }
            }
        }
        return set
    }
}
