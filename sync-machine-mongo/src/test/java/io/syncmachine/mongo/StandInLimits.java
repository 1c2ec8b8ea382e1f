package io.syncmachine.mongo;

import java.util.Set;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Leaves out, on the stand-in, what it cannot show; the page on MongoDB lists it. */
final class StandInLimits implements ExecutionCondition {

    private static final Set<String> TRANSACTIONS = Set.of(
            "doesNotSeeWhatWasRolledBack",
            "changesAnEntity",
            "tellsThatAnEntityDoesNotExist",
            "isRolledBackWhereItFails",
            "takesOwnEventsAlong",
            "commitsWhatIsToldWithItsTransaction",
            "forgetsWhatIsToldWithItsTransaction",
            "seesNothingOfWhatIsRolledBack",
            "seesWhatIsCommittedOnlyThen",
            "seesWhatIsWrittenThroughTheSource");
    private static final Set<String> FIELDS_OF_UPDATES =
            Set.of("seesAnUpdateAndItsProperties", "leavesOutPropertiesThatConcernNobody");
    private static final Set<String> PRE_IMAGES = Set.of("seesADeletionAndTheSubjectsOfTheDeleted");

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        String test = context.getTestMethod().map(method -> method.getName()).orElse("");
        if (TestMongo.isReal()) {
            return ConditionEvaluationResult.enabled("a real server");
        }
        if (TRANSACTIONS.contains(test)) {
            return ConditionEvaluationResult.disabled("the stand-in has no transactions; give -Dmongo.uri");
        }
        if (FIELDS_OF_UPDATES.contains(test)) {
            return ConditionEvaluationResult.disabled(
                    "the stand-in does not tell the fields of an update; give -Dmongo.uri");
        }
        if (PRE_IMAGES.contains(test)) {
            return ConditionEvaluationResult.disabled("the stand-in has no pre-images; give -Dmongo.uri");
        }
        return ConditionEvaluationResult.enabled("the stand-in can show it");
    }
}
