package io.syncmachine.exhaustive;

import static org.assertj.core.api.Assertions.assertThat;

import io.syncmachine.exhaustive.Explorer.Result;
import io.syncmachine.exhaustive.Scope.Doubt;
import io.syncmachine.exhaustive.Scope.Mutation;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Two workers that run the engine over a store in memory, in every order of their steps and with every fault of a scope: in each state
 * that can be reached the guarantees hold, and from each there is a way to rest. See docs/testing.md.
 */
class ExhaustiveTest {

    private static final Scope THE_WHOLE = Scope.of(1, 3, 2);

    private static Result holds(Scope scope) {
        Result result = Explorer.explore(scope);
        System.out.println(scope + ": " + result);
        assertThat(result.violation()).as(result.toString()).isNull();
        assertThat(result.complete()).isTrue();
        return result;
    }

    private static void isFound(Scope scope) {
        Result result = Explorer.explore(scope);
        System.out.println(scope.broken() + ": " + result);
        assertThat(result.violation()).as(result.toString()).isNotNull();
    }

    @Test
    void guaranteesHoldWithOneChangeAndOneCrash() {
        assertThat(holds(Scope.of(1, 1, 1)).states()).isGreaterThan(10_000);
    }

    @Test
    void guaranteesHoldWhereTimeGoesOnBetweenAnyTwoLooksAtTheClock() {
        assertThat(holds(Scope.of(1, 1, 0).pausing()).states()).isGreaterThan(10_000);
    }

    @ParameterizedTest
    @MethodSource("quicklyFound")
    void aBrokenRuleIsFoundOut(Mutation mutation, Scope scope) {
        isFound(scope.breaking(mutation));
    }

    static Stream<Arguments> quicklyFound() {
        return Stream.of(
                Arguments.of(Mutation.INTENT_NOT_NOTED, Scope.of(1, 2, 0)),
                Arguments.of(Mutation.INTENT_WITH_ANY_EPOCH, Scope.of(1, 2, 0)),
                Arguments.of(Mutation.COMPLETE_IGNORES_REQUESTS, Scope.of(1, 2, 0)),
                Arguments.of(Mutation.REQUESTS_ARE_ABSORBED, Scope.of(1, 2, 0)),
                Arguments.of(Mutation.UNCHANGED_CLEARS_DOUBT, Scope.of(1, 2, 0)),
                Arguments.of(Mutation.DEATH_LEAVES_NO_DOUBT, Scope.of(1, 2, 0)),
                Arguments.of(
                        Mutation.LOST_ANSWER_LEAVES_NO_DOUBT, Scope.of(1, 2, 0).losses(1)));
    }

    @Tag("full")
    @Test
    void guaranteesHoldWithThreeChangesAndTwoCrashes() {
        holds(THE_WHOLE);
    }

    @Tag("full")
    @Test
    void guaranteesHoldForTwoSubjectsInABatch() {
        holds(Scope.of(2, 1, 2));
        holds(Scope.of(2, 2, 0));
    }

    @Tag("full")
    @Test
    void guaranteesHoldTooIfOpeningAlreadyLeavesDoubt() {
        holds(Scope.of(1, 2, 2).doubt(Doubt.OPENED));
    }

    @Tag("full")
    @Test
    void guaranteesHoldWithLostAnswersAndRefusalsAndJobsThatAreHandedOutTwice() {
        holds(Scope.of(1, 2, 1).losses(1).refusals(1));
        holds(Scope.of(1, 1, 1).losses(1).refusals(1).lapses(1));
    }

    @Tag("full")
    @Test
    void guaranteesHoldWithGraceTime() {
        holds(Scope.of(1, 2, 1).grace(1));
    }

    /** What is left out as certain makes no difference. */
    @Tag("full")
    @Test
    void guaranteesHoldWhereNothingIsLeftOut() {
        holds(Scope.of(1, 2, 0).unreduced());
    }

    @Tag("full")
    @ParameterizedTest
    @MethodSource("slowlyFound")
    void aBrokenRuleThatTakesLongerIsFoundOut(Mutation mutation, Scope scope) {
        isFound(scope.breaking(mutation));
    }

    static Stream<Arguments> slowlyFound() {
        return Stream.of(
                Arguments.of(Mutation.READ_BEFORE_OPEN, Scope.of(1, 2, 0)),
                Arguments.of(Mutation.RECORD_WITH_ANY_EPOCH, Scope.of(1, 2, 0)),
                Arguments.of(Mutation.COMPLETE_WITH_ANY_TOKEN, Scope.of(1, 2, 1)),
                Arguments.of(
                        Mutation.NO_WAIT_FOR_EARLIER_CALLS, Scope.of(1, 2, 1).losses(1)),
                Arguments.of(Mutation.NO_DELETE_IN_DOUBT, Scope.of(1, 2, 1)),
                Arguments.of(Mutation.DOUBT_KEEPS_THE_EPOCH, Scope.of(1, 2, 1)));
    }
}
