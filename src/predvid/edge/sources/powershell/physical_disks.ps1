# Disks with their reliability counters, and what drivers predict of them: physical_disks
# timeout: 60
function Get-Raw($object, [string[]]$names) {
    # The cmdlets show words where the instance holds numbers.
    $row = [ordered]@{}
    foreach ($name in $names) {
        $property = $object.CimInstanceProperties[$name]
        $row[$name] = if ($property) { $property.Value } else { $null }
    }
    $row
}
$told = 'DeviceId', 'FriendlyName', 'SerialNumber', 'FirmwareVersion', 'MediaType', 'BusType', 'Size', 'Usage',
    'HealthStatus', 'OperationalStatus'
$counted = 'Temperature', 'Wear', 'PowerOnHours', 'ReadErrorsTotal', 'ReadErrorsUncorrected', 'WriteErrorsTotal',
    'WriteErrorsUncorrected'
$disks = @(foreach ($disk in @(Get-PhysicalDisk -ErrorAction Stop)) {
    $row = Get-Raw $disk $told
    try { $row.Counters = Get-Raw ($disk | Get-StorageReliabilityCounter -ErrorAction Stop) $counted }
    catch { $row.Counters = $null }
    $row
})
$predicted = @()
try {
    $found = Get-CimInstance -Namespace root/wmi -ClassName MSStorageDriver_FailurePredictStatus -ErrorAction Stop
    $predicted = @($found | ForEach-Object {
        [ordered]@{ InstanceName = [string]$_.InstanceName; PredictFailure = [bool]$_.PredictFailure; Reason = $_.Reason }
    })
}
catch { $predicted = @() }
@{ Disks = $disks; Predicted = $predicted }
