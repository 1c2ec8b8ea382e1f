package io.syncmachine.annotation;

import io.syncmachine.FollowUp;
import io.syncmachine.Publication;
import io.syncmachine.PublishResult;
import io.syncmachine.StoredDocument;
import io.syncmachine.SyncMachine.Finishing;
import io.syncmachine.SyncMachine.Publishing;
import java.util.List;
import java.util.Optional;

/** Hooks that tell the API, for a machine with these classes. */
record PublishingHooks(Class<?> subject, Class<?> id, Class<?> document) {

    private String publication() {
        return "Publication<" + HookSource.name(subject) + ", " + HookSource.name(id) + ", " + HookSource.name(document)
                + ">";
    }

    private boolean takesPublication(Hook<?> hook) {
        if (!hook.takesPublication()) {
            return false;
        }
        List<Class<?>> own = List.of(subject, id, document);
        for (int i = 0; i < own.size(); i++) {
            Class<?> said = hook.ofParameter(0, Publication.class, i);
            if (said != null && !said.isAssignableFrom(own.get(i))) {
                throw hook.wrong("must take " + publication() + ", but says " + HookSource.name(said) + " for "
                        + HookSource.name(own.get(i)));
            }
        }
        return true;
    }

    <S, ID, D> Finishing<S, ID, D> publish(Publishing<S, ID, D> publishing, Hook<?> hook) {
        boolean all = takesPublication(hook);
        if (hook.result() == PublishResult.class) {
            if (!all) {
                throw hook.mustTake(publication() + " to answer a PublishResult");
            }
            return publishing.publishWithResult(hook::call);
        }
        if (!hook.answersNothing()) {
            throw hook.mustAnswer("nothing, or a PublishResult");
        }
        if (all) {
            return publishing.publish((Publication<S, ID, D> publication) -> hook.call(publication));
        }
        if (!hook.takes(subject, document)) {
            throw hook.mustTake(HookSource.names(List.of(subject, document)) + " or " + publication());
        }
        return publishing.publish((S value, D built) -> hook.call(value, built));
    }

    <S, ID, D> void onDelete(Finishing<S, ID, D> finishing, Hook<?> hook) {
        answersNothing(hook);
        if (takesPublication(hook)) {
            finishing.onDeletePublication(hook::call);
        } else if (hook.takes(id)) {
            finishing.onDelete((ID gone) -> hook.call(gone));
        } else if (takesIdAndDocument(hook)) {
            finishing.onDelete((ID gone, Optional<StoredDocument> last) -> hook.call(gone, last));
        } else {
            throw hook.mustTake("(" + HookSource.name(id) + "), (" + HookSource.name(id)
                    + ", Optional<StoredDocument>) or " + publication());
        }
    }

    private boolean takesIdAndDocument(Hook<?> hook) {
        if (!hook.takes(id, Optional.class)) {
            return false;
        }
        Class<?> last = hook.ofParameter(1, Optional.class, 0);
        return last == null || last.isAssignableFrom(StoredDocument.class);
    }

    <S, ID, D> void afterPublish(Finishing<S, ID, D> finishing, Hook<?> hook) {
        answersNothing(hook);
        if (hook.takes(subject)) {
            finishing.afterPublish((value, built) -> hook.call(value));
        } else if (hook.takes(subject, document)) {
            finishing.afterPublish((value, built) -> hook.call(value, built));
        } else {
            throw hook.mustTake(
                    HookSource.names(List.of(subject)) + " or " + HookSource.names(List.of(subject, document)));
        }
    }

    <S, ID, D> void afterDelete(Finishing<S, ID, D> finishing, Hook<?> hook) {
        answersNothing(hook);
        if (!hook.takes(id)) {
            throw hook.mustTake(HookSource.names(List.of(id)));
        }
        finishing.afterDelete(hook::call);
    }

    <S, ID, D> void onDeadLetter(Finishing<S, ID, D> finishing, Hook<?> hook) {
        answersNothing(hook);
        if (hook.takes(id)) {
            finishing.onDeadLetter((given, reason) -> hook.call(given));
        } else if (hook.takes(id, String.class)) {
            finishing.onDeadLetter((given, reason) -> hook.call(given, reason));
        } else {
            throw hook.mustTake(HookSource.names(List.of(id)) + " or " + HookSource.names(List.of(id, String.class)));
        }
    }

    <S, ID, D> void onFollowUp(Finishing<S, ID, D> finishing, Hook<?> hook) {
        answersNothing(hook);
        Class<?> said = hook.takesFollowUp() ? hook.ofParameter(0, FollowUp.class, 0) : null;
        if (!hook.takesFollowUp() || (said != null && !said.isAssignableFrom(id))) {
            throw hook.mustTake("FollowUp<" + HookSource.name(id) + ">");
        }
        finishing.followUp(hook::call);
    }

    private static void answersNothing(Hook<?> hook) {
        if (!hook.answersNothing()) {
            throw hook.mustAnswer("nothing");
        }
    }
}
