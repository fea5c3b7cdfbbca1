import Sweep
import Wire

extension DocumentedSchemas {
    /// Jobs of a sweep and their results, for lists and tables.
    static let results: [String: JSONSchema] = [
        "JobPage": .object(
            "A page of a sweep's jobs.",
            [
                "jobs": .list("The jobs in the order of expansion.", of: .reference("JobRow")),
                "next": position("Pass as `after` to get the next page; left out: this was the last.").optional,
            ]),
        "JobRow": .object(
            "One job of a sweep.",
            [
                "position": position("Place in the sweep's expansion, from 0."), "identity": sha256("The job's identity."),
                "job": .reference("JobDescription"), "state": .reference("JobState"), "failedAttempts": count("Attempts that ended badly."),
                "result": JSONSchema.reference("JobResult").optional,
            ]),
        "ResultColumns": .object(
            "Every job of a sweep with the metrics that tables compare. Jobs that differ in nothing but their seeds share their description.",
            [
                "groups": .list("In the order of the first job of each.", of: .reference("ResultGroup")),
                "engines": .list("The engine classes that results come from.", of: .reference("EngineClass")),
            ]),
        "ResultGroup": .object(
            "Jobs alike but for their seeds; the columns are of one length.",
            [
                "job": .reference("JobDescription", "The first one's description."), "seeds": .list("Their seeds.", of: .integer("A seed.")),
                "identities": .text("All identities behind one another, 64 digits each.", pattern: "^([0-9a-f]{64})*$"),
                "states": .text("A letter a job: the first of its state's name.", pattern: "^[\(letters)]*$"),
                "metrics": .map(
                    "By metric; null where a job has no result.", of: .list("A number a job.", of: JSONSchema.number("A metric.").orNull)),
                "engines": .list("A place in the list of engine classes a job; null where it has no result.", of: JSONSchema.integer("A place.", 0...Int64.max).orNull),
            ]),
        "JobGrid": .object(
            "The states of a sweep's jobs behind a position, one letter each.",
            [
                "first": position("The position of the first letter."),
                "states": .text("The first letter of each state's name, or a blank where no job has the position.", pattern: "^[\(letters) ]*$"),
                "next": position("Pass as `after` to get the next page; left out: this was the last.").optional,
            ]),
        "DashboardTable": .object(
            "A sweep's results, summed up.",
            [
                "metric": .text("The metric to begin with.", example: "auc"), "metrics": .list("The metrics.", of: .reference("TableName")),
                "datasets": .list("The data sets.", of: .reference("TableName")), "lines": .list("The lines.", of: .reference("TableLine")),
            ]),
        "TableName": .object("A column's name.", ["name": .text("The name in results."), "title": .text("The name in tables.")]),
        "TableLine": .object(
            "A line of the table.",
            ["title": .text("What is in the line."), "cells": .map("By data set.", of: .reference("TableCell"))]),
        "TableCell": .object(
            "The jobs of a line and a data set.",
            [
                "expected": count("Jobs that the sweep asks for."),
                "isMixed": .boolean("Whether its results come from several engine classes."), "values": .map("By metric.", of: .reference("TableValue")),
            ]),
        "TableValue": .object(
            "A metric over seeds.",
            [
                "count": count("Jobs with the metric."), "mean": .number("Their mean."),
                "deviation": JSONSchema.number("Their sample standard deviation; left out for a single one.").optional,
                "place": JSONSchema.integer("1 for the best of its data set, 2 for the second best.", 1...2).optional,
            ]),
    ]

    private static func position(_ description: String) -> JSONSchema { .integer(description, 0...Int64.max) }
    private static let letters = String(JobState.allCases.map(\.letter))
}
