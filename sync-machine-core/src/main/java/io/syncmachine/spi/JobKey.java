package io.syncmachine.spi;

import java.util.Comparator;

/**
 * What a job is about; there is at most one job per key.
 *
 * @param tenant whose job it is
 * @param machine the machine's name
 * @param stage what to do
 * @param key the encoded subject id, or the entity's type and id joined by a colon
 */
public record JobKey(String tenant, String machine, Stage stage, String key) {

    /** By tenant, machine, stage and key. */
    public static final Comparator<JobKey> ORDER = Comparator.comparing(JobKey::tenant)
            .thenComparing(JobKey::machine)
            .thenComparing(JobKey::stage)
            .thenComparing(JobKey::key);

    /** The job that finds the subjects of a changed entity. */
    public static JobKey findSubjects(String tenant, String machine, String type, String id) {
        return new JobKey(tenant, machine, Stage.FIND_SUBJECTS, type + ':' + id);
    }

    /** The job that ensures a subject's publication. */
    public static JobKey ensurePublication(String tenant, String machine, String subjectId) {
        return new JobKey(tenant, machine, Stage.ENSURE_PUBLICATION, subjectId);
    }

    /** The job that tells a durable listener what became of a subject. */
    public static JobKey followUp(String tenant, String machine, String subjectId) {
        return new JobKey(tenant, machine, Stage.FOLLOW_UP, subjectId);
    }

    /** The entity's type, in a job that finds subjects. */
    public String entityType() {
        return key.substring(0, key.indexOf(':'));
    }

    /** The entity's encoded id, in a job that finds subjects. */
    public String entityId() {
        return key.substring(key.indexOf(':') + 1);
    }
}
