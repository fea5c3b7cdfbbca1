// swift-tools-version: 6.0
import Foundation
import PackageDescription

// Which libtorch the worker is built against: the one named by the environment variable LIBTORCH, a folder with include/ and
// lib/ (`make` sets it to what `Docker/install.sh engine` chose), or else Debian's `libtorch-dev`, which needs no path. C++17
// for all of them: Debian's headers do not compile as C++20.
let libtorch = ProcessInfo.processInfo.environment["LIBTORCH"].flatMap { $0.isEmpty ? nil : $0 }

/// `-isystem` rather than `-I`, so that warnings inside libtorch's own headers stay quiet.
let torchCompile: [CXXSetting] = [.unsafeFlags(
    ["-O2", "-fno-math-errno"] + (libtorch.map { ["-isystem", "\($0)/include"] } ?? []))]

/// Where Debian keeps the OpenBLAS that shares libtorch's OpenMP threads. An RPATH (not a RUNPATH, which libraries
/// of libraries do not see) takes it whatever flavour the system's `libblas.so.3` points to: with the pthread
/// flavour two thread pools fight over the cores and training is several times slower.
#if arch(arm64)
let openBLAS = "/usr/lib/aarch64-linux-gnu/openblas-openmp"
#else
let openBLAS = "/usr/lib/x86_64-linux-gnu/openblas-openmp"
#endif

/// Where a libtorch's libraries are looked for at run time: where they lie, then where `Docker/install.sh bundle` puts a copy
/// beside the programs. Even on the CPU, a CUDA build of PyTorch from PyPI needs libraries of NVIDIA's packages, which pip
/// unpacks beside it.
func runtimeFolders(_ root: String) -> [String] {
    let nvidia = URL(filePath: root).deletingLastPathComponent().appending(path: "nvidia").path
    let packages = (try? FileManager.default.contentsOfDirectory(atPath: nvidia)) ?? []
    return ["\(root)/lib", "$ORIGIN/../lib/medsweep"]
        + packages.sorted().map { "\(nvidia)/\($0)/lib" }.filter(FileManager.default.fileExists)
}

/// Only `torch_cpu` and `c10`: linking `torch` would pull in the CUDA libraries of a CUDA build, which are loaded when the
/// program starts, where they are there. A libtorch with a path is linked by path: by name, the folders that pkg-config names
/// come first, and Debian's libtorch may lie there.
let torchLink: [LinkerSetting] = libtorch.map { root in
    [.unsafeFlags(
        (["\(root)/lib/libtorch_cpu.so", "\(root)/lib/libc10.so", "--disable-new-dtags"]
            + runtimeFolders(root).flatMap { ["-rpath", $0] }).flatMap { ["-Xlinker", $0] }),
     .linkedLibrary("m")]
} ?? [
    .unsafeFlags(["-Xlinker", "--disable-new-dtags", "-Xlinker", "-rpath", "-Xlinker", openBLAS]),
    .linkedLibrary("torch_cpu"), .linkedLibrary("c10"), .linkedLibrary("m"),
]

let package = Package(
    name: "medsweep",
    products: [
        .executable(name: "medsweep", targets: ["medsweep"]),
        .executable(name: "medsweep-worker", targets: ["medsweep-worker"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.30.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.0.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.20.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.8.0"),
    ],
    targets: [
        // System libraries and the only C++.
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
        .systemLibrary(name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CTorch", cxxSettings: torchCompile, linkerSettings: torchLink),

        // Files that are there in whole or not at all.
        .target(name: "DurableFiles"),

        // What the study names, and the images it is about: no libtorch, no network.
        .target(name: "Catalogue"),
        .target(name: "Imaging", dependencies: ["CPNG", "CTurboJPEG", "CZlib", "DurableFiles"]),
        .target(name: "Datasets", dependencies: [
            "Catalogue", "DurableFiles", "Imaging", .product(name: "Crypto", package: "swift-crypto"),
        ]),
        // What a process may use of its machine.
        .target(name: "Host", dependencies: ["Catalogue"]),
        // Options that both programs have.
        .target(name: "SharedOptions", dependencies: [
            "Host", "Sweep", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ]),

        // AUC and average precision, and how sure they and their differences are.
        .target(name: "Statistics", dependencies: ["Catalogue"]),

        // Images that are changed or made before a model sees them.
        .target(name: "ImageTransforms", dependencies: ["Catalogue", "Imaging"]),

        // The training core.
        .target(name: "Torch", dependencies: ["CTorch"]),
        .target(name: "AnomalyDetection", dependencies: [
            "Catalogue", "Datasets", "DurableFiles", "ImageTransforms", "Imaging", "Statistics", "Torch",
        ], exclude: ["README.md"]),

        // The sweep: pure values, then the bodies on the wire, then the two ends.
        .target(name: "Sweep", dependencies: [
            "Catalogue", "Statistics", .product(name: "Crypto", package: "swift-crypto"), .product(name: "Yams", package: "Yams"),
        ]),
        .target(name: "Wire", dependencies: ["Sweep"]),
        .target(name: "Report", dependencies: ["Statistics", "Wire"]),
        .target(name: "Client", dependencies: ["CCurl", "Wire", .product(name: "Crypto", package: "swift-crypto")]),
        .target(name: "Coordinator", dependencies: [
            "CPostgres", "DurableFiles", "Wire", .product(name: "Crypto", package: "swift-crypto"),
            .product(name: "GRDB", package: "GRDB.swift"), .product(name: "GRDBSQLite", package: "GRDB.swift"),
            .product(name: "Hummingbird", package: "hummingbird"), .product(name: "HummingbirdCore", package: "hummingbird"),
            .product(name: "HummingbirdTLS", package: "hummingbird"), .product(name: "Logging", package: "swift-log"),
            .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
            .product(name: "NIOHTTPTypes", package: "swift-nio-extras"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        ], resources: [.embedInCode("Dashboard/Web")]),
        .target(name: "Worker", dependencies: [
            "AnomalyDetection", "Client", "DurableFiles", "Host", "Imaging", "Torch", .product(name: "Crypto", package: "swift-crypto"),
            .product(name: "Logging", package: "swift-log"),
        ]),
        .executableTarget(name: "medsweep", dependencies: [
            "Client", "Coordinator", "Datasets", "DurableFiles", "Host", "Imaging", "Report", "SharedOptions",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ]),
        .executableTarget(name: "medsweep-worker", dependencies: [
            "DurableFiles", "Host", "SharedOptions", "Worker", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ]),
        .executableTarget(name: "medsweep-bench", dependencies: [
            "AnomalyDetection", "Wire", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ]),

        // Tests.
        .target(name: "TestSupport", path: "Tests/TestSupport"),
        .testTarget(name: "HostTests", dependencies: ["Host", "TestSupport"]),
        .testTarget(name: "DurableFilesTests", dependencies: ["DurableFiles", "TestSupport"]),
        .testTarget(name: "CatalogueTests", dependencies: ["Catalogue"]),
        .testTarget(name: "ImagingTests", dependencies: ["Imaging", "TestSupport"], resources: [.copy("Fixtures")]),
        .testTarget(name: "ImageTransformsTests", dependencies: ["ImageTransforms", "Imaging", "TestSupport"], resources: [.copy("Fixtures")]),
        .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "TestSupport"]),
        .testTarget(name: "ReportTests", dependencies: ["Report"], exclude: ["check_export.py"]),
        .testTarget(name: "CoordinatorTests", dependencies: [
            "Client", "Coordinator", "TestSupport", .product(name: "Crypto", package: "swift-crypto"),
            .product(name: "GRDB", package: "GRDB.swift"), .product(name: "Hummingbird", package: "hummingbird"),
        ]),
        .testTarget(name: "ClientTests", dependencies: [
            "Client", "TestSupport", .product(name: "Crypto", package: "swift-crypto"),
        ]),
        .testTarget(name: "CommandTests", dependencies: [
            "Catalogue", "Client", "DurableFiles", "Host", "TestSupport", "medsweep", .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ]),
        .testTarget(name: "WorkerTests", dependencies: [
            "TestSupport", "Worker", .product(name: "Crypto", package: "swift-crypto"), .product(name: "Logging", package: "swift-log"),
        ]),
        .testTarget(name: "SweepTests", dependencies: ["Sweep", "TestSupport"]),
        .testTarget(name: "StatisticsTests", dependencies: ["Statistics"], resources: [.copy("Fixtures")]),
        .testTarget(name: "TorchTests", dependencies: ["TestSupport", "Torch"], resources: [.copy("Fixtures")]),
        .testTarget(name: "AnomalyDetectionTests", dependencies: ["AnomalyDetection", "ImageTransforms", "TestSupport"], resources: [.copy("Fixtures")]),
        .testTarget(name: "EndToEndTests", dependencies: [
            "Client", "Datasets", "Imaging", "TestSupport", "Wire", "medsweep", "medsweep-worker",
            .product(name: "Crypto", package: "swift-crypto"),
        ]),
    ],
    cxxLanguageStandard: .cxx17
)
