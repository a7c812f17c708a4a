import CRM
import Foundation

extension JourneyStageValues: RecordBody {
    static let newExample = #"{"name": "Delivery", "position": 3}"#
    static let changesExample = #"{"position": 4}"#

    init(_ reader: inout BodyReader) {
        self.init(
            name: reader.requiredText("name", Self.nameRule, "A name that no other stage has."),
            position: reader.requiredInteger("position", in: Self.positions, "Where it comes on the journey, from 1."))
    }
}

extension TouchpointValues: RecordBody {
    static let newExample = """
        {"name": "The parcel arrives", "stage_id": "019aab50-c4c0-7000-8000-000000000007", "position": 2,
         "is_moment_of_truth": true}
        """
    static let changesExample = #"{"is_moment_of_truth": false, "department_id": null}"#

    init(_ reader: inout BodyReader) {
        let stage: JourneyStage.ID = reader.requiredIdentifier("stage_id", "The stage of the journey that it is in.")
        let department: Department.ID? = reader.identifier("department_id", "The department that answers for it.")
        self.init(
            name: reader.requiredText("name", Self.nameRule, "A name that no other touchpoint has."),
            stageID: stage.rawValue,
            position: reader.requiredInteger(
                "position", in: Self.positions, "Where it comes within its stage, from 1."),
            isMomentOfTruth: reader.flag(
                "is_moment_of_truth", or: false,
                "Whether what happens here decides what customers think of the business; no by default."),
            departmentID: department?.rawValue)
    }
}
