// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let tracing: Target.Dependency = .product(name: "Tracing", package: "swift-distributed-tracing")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let cryptoExtras: Target.Dependency = .product(name: "CryptoExtras", package: "swift-crypto")
let jwt: Target.Dependency = .product(name: "JWTKit", package: "jwt-kit")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let configuration: Target.Dependency = .product(name: "Configuration", package: "swift-configuration")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let mustache: Target.Dependency = .product(name: "Mustache", package: "swift-mustache")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")

let package = Package(
    name: "mehvar",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "mehvar-api", targets: ["mehvar-api"]),
        .executable(name: "mehvar-worker", targets: ["mehvar-worker"]),
        .executable(name: "mehvar", targets: ["mehvar"]),
        .executable(name: "mehvar-bench", targets: ["mehvar-bench"]),
        .library(name: "Postgres", targets: ["Postgres"]),
        .library(name: "JobQueue", targets: ["JobQueue"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache.git", from: "2.1.1"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration.git", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.35.2"),
        .package(url: "https://github.com/vapor/jwt-kit.git", from: "5.7.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess.git", from: "1.0.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CLibCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CZLib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CEpoll"),
        .target(
            name: "Postgres", dependencies: ["CEpoll", "CLibPQ", lifecycle, logging, metrics, tracing],
            swiftSettings: settings),
        .target(
            name: "PollingTransport",
            dependencies: [
                "CEpoll", "Postgres", .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings),
        .target(
            name: "JobQueue", dependencies: ["Postgres", logging, metrics, lifecycle], swiftSettings: settings),
        .target(name: "Mail", dependencies: ["CLibCurl"], swiftSettings: settings),
        .target(
            name: "CRM",
            dependencies: [
                "CZLib", "JobQueue", "Mail", "Postgres", configuration, crypto, cryptoExtras, jwt, lifecycle, logging,
                metrics,
                mustache, .product(name: "CoreMetrics", package: "swift-metrics"),
            ],
            resources: [.embedInCode("Campaigns/Templates"), .embedInCode("Members/Templates")],
            swiftSettings: settings),
        .target(
            name: "CRMHTTP",
            dependencies: [
                "CRM", "CZLib", "PollingTransport", crypto, hummingbird, logging, mustache,
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HTTPTypes", package: "swift-http-types"), lifecycle,
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "_NIOFileSystem", package: "swift-nio"),
            ],
            resources: [.embedInCode("Pages/Templates")], swiftSettings: settings),
        .target(name: "CRMJobs", dependencies: ["CRM", "JobQueue", "Mail", logging], swiftSettings: settings),
        .executableTarget(
            name: "mehvar-api",
            dependencies: [
                "CRM", "CRMHTTP", "JobQueue", "Postgres", arguments, hummingbird, lifecycle, logging, metrics, signals,
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "mehvar-worker",
            dependencies: [
                "CRM", "CRMHTTP", "CRMJobs", "JobQueue", "Mail", "Postgres", arguments, hummingbird, lifecycle, logging,
                metrics, signals,
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "mehvar",
            dependencies: [
                "CRM", "JobQueue", "Postgres", arguments, crypto, logging, subprocess,
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "mehvar-bench",
            dependencies: [
                "CRM", "JobQueue", "Postgres", arguments, crypto, lifecycle, logging, subprocess,
            ],
            swiftSettings: settings),
        .target(
            name: "TestSupport",
            dependencies: ["CRM", "CRMJobs", "JobQueue", "Mail", "Postgres", lifecycle, logging, subprocess],
            path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(
            name: "PostgresTests",
            dependencies: [
                "Postgres", "TestSupport", lifecycle, logging, metrics, tracing,
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "queue-test-worker", dependencies: ["JobQueue", "Postgres", lifecycle, logging, signals],
            path: "Tests/QueueTestWorker", swiftSettings: settings),
        .testTarget(
            name: "JobQueueTests",
            dependencies: [
                "JobQueue", "Postgres", "TestSupport", "queue-test-worker", lifecycle, logging, metrics,
                .product(name: "MetricsTestKit", package: "swift-metrics"),
            ],
            swiftSettings: settings),
        .testTarget(name: "MailTests", dependencies: ["Mail"], swiftSettings: settings),
        .testTarget(
            name: "CRMTests",
            dependencies: [
                "CRM", "CRMJobs", "JobQueue", "Postgres", "TestSupport", configuration, logging, subprocess,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "CRMHTTPTests",
            dependencies: [
                "CRMHTTP", "CRMJobs", "PollingTransport", "TestSupport", crypto, lifecycle, logging,
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
            ], swiftSettings: settings),
    ]
)
