"""How a solve ended; the numbers are those of `pyscimlode.backends.status.Status`."""
@enum Status::Int begin
    Success = 0
    MaxSteps = 1
    StepTooSmall = 2
    NonFinite = 3
    NewtonFailed = 4
end

"""Return the status of a SciML return code; unknown failures count as `NonFinite`."""
function status_of(code::ReturnCode.T)
    successful_retcode(code) && return Success
    code === ReturnCode.MaxIters && return MaxSteps
    code === ReturnCode.DtLessThanMin && return StepTooSmall
    code === ReturnCode.ConvergenceFailure && return NewtonFailed
    return NonFinite
end
